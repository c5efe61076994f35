// For pages whose section is swapped by polls: copy buttons, which only show where this script runs (class
// "scripted"), and what is unfolded stays so.
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
})();
