// Warns before the wallet locks by itself, and leads to the PIN when it has: nothing personal stays on the screen.
(() => {
  "use strict";
  const dialog = document.getElementById("lock-warning");
  if (!dialog) return;

  const WARN = 60_000;
  const { locksIn, wallet, door } = dialog.dataset;
  let end = Date.now() + Number(locksIn) * 1000;
  let dismissed = false;

  function tick() {
    const left = end - Date.now();
    if (left <= 0) location.replace(door);
    else if (left <= WARN && !dialog.open && !dismissed) dialog.showModal();
  }

  dialog.querySelector("[data-stay]").addEventListener("click", async () => {
    try {
      // Opening any page keeps the wallet open; where it is locked already, this one leads elsewhere.
      const answer = await fetch(wallet, { cache: "no-store", redirect: "error" });
      if (!answer.ok || answer.headers.get("Wallet-Locks-In") === null) return void location.replace(door);
      end = Date.now() + Number(answer.headers.get("Wallet-Locks-In")) * 1000;
      dialog.close();
      dismissed = false;
    } catch {
      dialog.querySelector("[data-failed]").hidden = false;
    }
  });
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => { dismissed = end - Date.now() <= WARN; });
  // A page from the history, or one that comes to the front: its clock may have stood still.
  addEventListener("pageshow", tick);
  document.addEventListener("visibilitychange", tick);
  setInterval(tick, 1000);
})();
