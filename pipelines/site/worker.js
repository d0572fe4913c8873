// Keeps what was fetched, so that the page works without a connection. BUILD names what is in it.

const BUILD = "unbuilt";
const PAGE = ["./", "index.html", "site.css", "app.js", "runtime.js", "portable.js", "strokes.js", "seeds.js", "views.js", "handwriting.js"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(BUILD).then((cache) => cache.addAll(PAGE)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => Promise.all(names.filter((n) => n !== BUILD).map((n) => caches.delete(n))));
  event.waitUntil(old.then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET" || new URL(event.request.url).origin !== location.origin) return;
  event.respondWith(caches.open(BUILD).then(async (cache) => {
    const known = await cache.match(event.request, { ignoreSearch: true });
    if (known) return known;
    const answer = await fetch(event.request);
    if (answer.ok) cache.put(event.request, answer.clone());
    return answer;
  }));
});
