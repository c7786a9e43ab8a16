"use strict";
/* The ring is the time left by the server's deadline; the browser's wall clock is never read. The button is sent once: it locks
   on the first touch and shows the answer only when the server has spoken. A new offer sounds until somebody looks. */
(() => {
  const LOW = 0.25, LATE_S = 10, RING_MS = 6000;
  let timer = 0, known = null;

  const id = () => crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map(n => n.toString(16).padStart(2, "0")).join("");

  // Goods are handed over when each of them was ticked: a tap too early would ship what lies on the shelf
  const count = () => {
    const button = document.querySelector("[data-hand-over]"), left = document.querySelector("[data-untaken]");
    if (!button || button.dataset.sent) return;
    const n = document.querySelectorAll("[data-tick][aria-pressed=false]").length;
    button.disabled = n > 0;
    left.hidden = n === 0;
    left.textContent = cf.fill(left.dataset.word, { n });
  };
  const dress = () => {
    clearInterval(timer);
    count();
    document.querySelectorAll("input[name=tap]").forEach(input => { input.value ||= id(); });
    const button = document.querySelector(".gb-btn");
    if (!button) return;
    const start = performance.now(), given = Number(button.dataset.left), total = Number(button.dataset.total);
    const ring = button.querySelector(".v"), seconds = document.getElementById("gb-sec");
    const tick = () => {
      const left = Math.max(0, given - (performance.now() - start) / 1000);
      ring.setAttribute("stroke-dasharray", `${(left / total * 100).toFixed(1)} 100`);
      ring.classList.toggle("is-late", left < LATE_S);
      ring.classList.toggle("is-live", left >= LATE_S && left > total * LOW);
      if (!button.dataset.sent) seconds.textContent = cf.fill(cf.words.seconds, { n: Math.ceil(left) });
      if (left > 0) return;
      clearInterval(timer);
      if (button.dataset.sent) return;
      button.disabled = true;
      setTimeout(() => htmx.trigger("#gb", "cf:again"), 700);
    };
    tick();
    if (!new URLSearchParams(location.search).has("still")) timer = setInterval(tick, 250);
  };

  const lock = form => {
    const button = form.querySelector("button");
    button.dataset.sent = "1";
    const words = form.querySelector("em");
    if (words && button.dataset.busy) words.textContent = button.dataset.busy;
    setTimeout(() => { button.disabled = true; });
  };
  const unlock = form => {
    const button = form?.querySelector("button");
    if (!button) return;
    delete button.dataset.sent;
    button.disabled = false;
    count();
  };
  document.addEventListener("submit", e => {
    const form = e.target.closest("[data-grab],[data-once]");
    if (!form) return;
    if (form.querySelector("button").dataset.sent) { e.preventDefault(); e.stopImmediatePropagation(); return; }
    lock(form);
  }, true);

  // No answer: the tap may have counted. The same id is sent again when the person taps again; the server knows who has won.
  ["htmx:sendError", "htmx:responseError", "htmx:timeout"].forEach(name => document.body.addEventListener(name, e => {
    unlock(e.detail.elt?.closest?.("[data-grab],[data-once]"));
    if (name === "htmx:responseError" && e.detail.elt?.matches?.("[data-once]")) htmx.trigger("#gb", "cf:again");
  }));

  const offers = () => [...document.querySelectorAll("[data-offer]")].map(row => row.dataset.offer);
  const hear = () => {
    if (!document.getElementById("store-list")) return;
    const now = offers();
    if (known && now.some(one => !known.includes(one))) cf.sound("offer");
    known = now;
  };
  setInterval(() => { if (document.hidden && offers().length) cf.sound("offer"); }, RING_MS);

  document.addEventListener("click", e => {
    const tick = e.target.closest("[data-tick]");
    if (!tick) return;
    tick.setAttribute("aria-pressed", tick.getAttribute("aria-pressed") !== "true");
    count();
  });
  document.body.addEventListener("htmx:afterSettle", e => {
    dress();
    hear();
    if (e.detail.requestConfig?.verb === "post" && document.getElementById("gb")?.dataset.face === "won") cf.sound("done");
  });
  dress();
  hear();
})();
