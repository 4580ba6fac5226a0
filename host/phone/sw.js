// Keeps the whole app on the phone, so that it opens on a roof without a network.
// The builder puts the files' names and a version made of their content in place of the two
// marks; a new version is fetched whole before it replaces the old one, never a mixture.

const VERSION = "@VERSION@";
const FILES = ["@FILES@"];

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches.open(VERSION).then((cache) => cache.addAll(FILES.map((file) => new Request(file, { cache: "reload" }))))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(names.filter((name) => name.startsWith("cellwarden-") && name !== VERSION)
        .map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET") return;
  const url = new URL(event.request.url);
  if (url.origin !== self.location.origin || !url.href.startsWith(self.registration.scope)) return;
  const asked = url.href === self.registration.scope ? "index.html" : event.request;
  event.respondWith(
    caches.open(VERSION).then((cache) => cache.match(asked, { ignoreSearch: true }))
      .then((kept) => kept ?? fetch(event.request)),
  );
});
