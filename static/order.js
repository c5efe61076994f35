// Copy buttons of the order page. They only show where this script runs (class "scripted").
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
})();
