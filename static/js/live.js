"use strict";
/* Live push. A message {kind, ids, version} becomes "cf:live" on document and "live:KIND" on body (for hx-trigger); the page then
   fetches through its own scope. A lost message costs nothing: "cf:refetch" comes on every connect and every 30 s.
   A hidden tab gives its connection back. */
(() => {
  const REFETCH_MS = 30000, HIDDEN_MS = 60000, PAUSE_MS = 1000;
  const url = document.body.dataset.events, sign = document.getElementById("live");
  if (!url) return;
  let source = null, lost = false, hidden = 0;

  const show = state => {
    if (!sign || sign.dataset.live === state) return;
    sign.dataset.live = state;
    sign.querySelector("span").textContent = cf.words[state];
  };
  const refetch = () => { if (!document.hidden) htmx.trigger(document.body, "cf:refetch"); };
  // At most one "live:KIND" a second, and the last one always comes: a page that fetched too early fetches again.
  const next = new Map(), waiting = new Map(), heard = new Map();
  const tell = (kind, message) => {
    const now = performance.now(), due = next.get(kind) ?? 0;
    if (now >= due) {
      next.set(kind, now + PAUSE_MS);
      heard.set(kind, now);
      htmx.trigger(document.body, `live:${kind}`, { ...message }); // htmx adds to what it is given
    } else if (!waiting.has(kind)) {
      waiting.set(kind, setTimeout(() => { waiting.delete(kind); tell(kind, message); }, due - now));
    }
  };
  // An answer that replaces the very element that asked throws away what the element heard meanwhile: it is said once more.
  document.body.addEventListener("htmx:beforeSend", e => {
    const { elt, xhr } = e.detail, sent = performance.now();
    xhr.addEventListener("loadend", () => setTimeout(() => {
      if (elt.isConnected) return;
      heard.forEach((at, kind) => { if (at > sent) htmx.trigger(document.body, `live:${kind}`, {}); });
    }));
  });
  const hear = e => {
    let message;
    try { message = JSON.parse(e.data); } catch { return; }
    document.dispatchEvent(new CustomEvent("cf:live", { detail: message }));
    tell(message.kind, message);
  };
  const close = () => { source?.close(); source = null; };
  const open = () => {
    if (source || !window.EventSource) return;
    source = new EventSource(url, { withCredentials: true });
    source.addEventListener("open", () => {
      show("live");
      if (lost) refetch();
      lost = false;
    });
    source.addEventListener("error", () => {
      lost = true;
      show(navigator.onLine ? "poll" : "off");
      if (source?.readyState === EventSource.CLOSED) close();
    });
    source.addEventListener("change", hear);
    source.addEventListener("refetch", refetch);
  };

  setInterval(() => { refetch(); if (!source && !document.hidden) open(); }, REFETCH_MS);
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hidden);
    if (document.hidden) hidden = setTimeout(() => { close(); lost = true; }, HIDDEN_MS);
    else { open(); refetch(); }
  });
  addEventListener("offline", () => show("off"));
  addEventListener("online", () => { show("poll"); open(); refetch(); });
  addEventListener("pagehide", close);
  addEventListener("pageshow", e => { if (e.persisted) { open(); refetch(); } });
  open();
})();
