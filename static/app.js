// Lets the browser keep the portal's files and its page for when there is no network (/sw.js). Nothing depends on it.
(() => {
  "use strict";
  if (!("serviceWorker" in navigator)) return;
  addEventListener("load", () => {
    // A browser may forbid it, in a private window for one; then all goes on without.
    navigator.serviceWorker.register("/sw.js").catch(() => {});
  });
})();
