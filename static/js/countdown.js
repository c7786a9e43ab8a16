"use strict";
/* One clock for every countdown. The server's time is the truth: data-left / data-countdown are seconds left when it rendered;
   the browser's wall clock is never read. An element that a swap brings starts from its own number.
   At zero the element gets one "cf:due" event, which bubbles. */
(() => {
  const starts = new WeakMap();
  const two = n => String(n).padStart(2, "0");
  const text = s => {
    if (s <= 0) return cf.words.due;
    const h = Math.floor(s / 3600), m = Math.floor(s % 3600 / 60);
    return h ? `${h}:${two(m)}:${two(Math.floor(s % 60))}` : `${m}:${two(Math.floor(s % 60))}`;
  };
  const left = (el, given) => {
    let start = starts.get(el);
    if (!start || start.given !== given) starts.set(el, start = { given, at: performance.now(), told: false });
    const seconds = Math.max(0, given - (performance.now() - start.at) / 1000);
    if (seconds === 0 && !start.told) {
      start.told = true;
      el.dispatchEvent(new CustomEvent("cf:due", { bubbles: true }));
    }
    return seconds;
  };
  const hue = (seconds, total) => seconds < 10 ? "stop" : seconds <= total / 4 ? "warn" : "live";
  const tick = () => {
    document.querySelectorAll("svg.cf-ring[data-left]").forEach(ring => {
      const total = Number(ring.dataset.total), seconds = left(ring, ring.dataset.left);
      ring.querySelector(".cf-ring__v").setAttribute("stroke-dasharray", `${(seconds / total * 100).toFixed(1)} 100`);
      ring.querySelector("text").textContent = total > 90 ? text(seconds) : Math.ceil(seconds);
      const now = hue(seconds, total);
      if (!ring.classList.contains(`cf-ring--${now}`)) {
        ring.classList.remove("cf-ring--live", "cf-ring--warn", "cf-ring--stop");
        ring.classList.add(`cf-ring--${now}`);
      }
    });
    document.querySelectorAll("[data-countdown]").forEach(el => { el.textContent = text(left(el, el.dataset.countdown)); });
  };
  tick();
  if (!new URLSearchParams(location.search).has("still")) setInterval(tick, 500);
  document.body.addEventListener("htmx:load", tick);
})();
