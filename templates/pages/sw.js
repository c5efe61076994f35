// Keeps the portal's own files and one plain page for when there is no network. All that is ever kept is named
// here and the same for everybody; pages, polls, photos and answers of interfaces pass by untouched.
"use strict";

const CACHE = "portal-{{ version }}";
const OFFLINE = {{ offline | tojson }};
const FILES = {{ files | tojson }};
const WALLET = "/portfel";

addEventListener("install", (event) => {
  // Fetched as a stranger would, past the browser's own cache.
  const wanted = [OFFLINE, ...FILES].map((path) => new Request(path, { credentials: "omit", cache: "no-cache" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(wanted)).then(() => skipWaiting()));
});

addEventListener("activate", (event) => {
  const old = (name) => name.startsWith("portal-") && name !== CACHE;
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))))
      .then(() => clients.claim()),
  );
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (FILES.includes(pathname)) {
    event.respondWith(kept(pathname).then((file) => file ?? fetch(request)));
  } else if (request.mode === "navigate" && pathname !== WALLET && !pathname.startsWith(`${WALLET}/`)) {
    // The wallet is an app of its own: this page would not be its.
    event.respondWith(fetch(request).catch(async () => (await kept(OFFLINE)) ?? Response.error()));
  }
});

async function kept(path) {
  try {
    const cache = await caches.open(CACHE);
    return await cache.match(path, { ignoreVary: true });
  } catch {
    // A store that is full or broken must not take a page's style away: there is the network.
    return undefined;
  }
}
