// For pages whose section is swapped by polls: copy buttons, which only show where this script runs (class
// "scripted"), what is unfolded stays so, and polls that fail.
(() => {
  "use strict";
  document.documentElement.classList.add("has-scripts");

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    const said = document.getElementById("copied");
    if (!said) return;
    // Emptied first: the same words written twice would be announced once only.
    said.textContent = "";
    requestAnimationFrame(() => { said.textContent = said.dataset.copied; });
  });

  const unfolded = new Map();
  document.addEventListener("htmx:beforeSwap", () => {
    for (const { id, open } of document.querySelectorAll("details[id]")) unfolded.set(id, open);
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const fold of document.querySelectorAll("details[id]")) fold.open = unfolded.get(fold.id) ?? fold.open;
  });

  // The portal doesn't answer: what is shown stays, with its time, which is said once; the page goes on asking,
  // ever more slowly. One poll that fails is no news yet.
  const LONGEST = 30000;
  let answered = new Date();
  let failures = 0;
  let askAgain = 0;

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (Date.now() < askAgain) event.preventDefault();
  });
  document.addEventListener("htmx:afterRequest", ({ detail: { successful, xhr } }) => {
    const stale = document.getElementById("stale");
    if (successful) {
      [answered, failures] = [new Date(), 0];
      stale.textContent = "";
      return;
    }
    if (xhr.status === 401) return; // the session is over, and the page is being left
    failures += 1;
    const asked = Number(xhr.getResponseHeader("Retry-After")) * 1000;
    const wait = Math.max(asked, Math.min(500 * 2 ** failures, LONGEST));
    askAgain = Date.now() + wait * (0.8 + 0.4 * Math.random());
    if (failures !== 2) return;
    // As all times of the page: the university's, wherever the browser is.
    const clock = { hour: "2-digit", minute: "2-digit", timeZone: "Europe/Warsaw" };
    const time = answered.toLocaleTimeString(document.documentElement.lang, clock);
    stale.textContent = stale.dataset.says.replace("{time}", time);
  });
  addEventListener("online", () => { askAgain = 0; });
})();
