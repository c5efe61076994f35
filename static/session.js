// Warns before the session ends. The server alone knows when that is (another tab may have gone on), so it is
// asked before anything is said; time is taken from the wall clock, which goes on while a machine sleeps.
(() => {
  "use strict";
  const dialog = document.getElementById("session-warning");
  if (!dialog) return;

  const TICK = 5000;
  const part = (name) => dialog.querySelector(`[data-session-${name}]`);
  const { sessionState, sessionExtend, sessionLogin } = dialog.dataset;
  const token = dialog.querySelector("[name=csrf_token]").value;
  const warn = Number(dialog.dataset.sessionWarn) * 1000;
  const otherTabs = "BroadcastChannel" in window ? new BroadcastChannel("session") : null;
  let final = "sessionFinal" in dialog.dataset;
  let end = Date.now() + Number(dialog.dataset.sessionEndsIn) * 1000;
  let dismissed = false;
  let asking = false;

  const headers = { "HX-Request": "true", "HX-Current-URL": location.href };

  function leave(response) {
    location.assign(response?.headers.get("HX-Redirect") || sessionLogin);
  }

  // Takes over what the server says; false where the session is over and the page is being left.
  async function learn(response) {
    if (response.status === 401) {
      leave(response);
      return false;
    }
    if (!response.ok) throw new Error(String(response.status));
    const state = await response.json();
    end = Date.now() + state.ends_in * 1000;
    final = state.final;
    return true;
  }

  async function ask() {
    if (asking) return;
    asking = true;
    try {
      if (await learn(await fetch(sessionState, { headers, cache: "no-store" }))) show();
    } catch {
      // Offline: what is known stays true, and the next tick asks again.
      if (Date.now() >= end) leave();
      else show();
    } finally {
      asking = false;
    }
  }

  function show() {
    if (end - Date.now() > warn) {
      dismissed = false;
      dialog.close();
      return;
    }
    const language = document.documentElement.lang;
    part("time").textContent = new Date(end).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
    part("idle").hidden = final;
    part("stay").hidden = final;
    part("last").hidden = !final;
    if (!dialog.open && !dismissed) {
      part("failed").hidden = true;
      dialog.showModal();
    }
  }

  function tick() {
    const left = end - Date.now();
    if (left <= 0 || (left <= warn && !dialog.open && !dismissed)) ask();
  }

  part("stay").addEventListener("click", async () => {
    try {
      const response = await fetch(sessionExtend, {
        method: "POST",
        headers: { ...headers, "X-CSRFToken": token },
      });
      // A refused token means that somebody logged in anew in another tab: ask how things are.
      if (response.status === 400) return void (await ask());
      if (await learn(response)) {
        show();
        otherTabs?.postMessage("extended");
      }
    } catch {
      part("failed").hidden = false;
    }
  });
  part("close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => { dismissed = end - Date.now() <= warn; });
  otherTabs?.addEventListener("message", ask);
  // A page from the history, or a tab that comes to the front: its clock may have stood still.
  addEventListener("pageshow", (event) => { if (event.persisted) ask(); });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    if (dialog.open) ask();
    else tick();
  });
  setInterval(tick, TICK);
})();
