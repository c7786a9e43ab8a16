"use strict";
/* Rows to buy: all chosen at first; the button says how many. */
(() => {
  const form = document.querySelector("[data-proposals]");
  if (!form) return;
  const all = form.querySelector("[data-proposals-all]"), go = form.querySelector("[data-proposals-go]");
  const boxes = () => [...form.querySelectorAll('[name="row"]')];
  const paint = () => {
    const count = boxes().filter(box => box.checked).length;
    form.querySelector("[data-proposals-count]").textContent = count;
    go.disabled = !count;
    all.checked = count === boxes().length;
    all.indeterminate = count > 0 && !all.checked;
  };
  all.addEventListener("change", () => { boxes().forEach(box => { box.checked = all.checked; }); paint(); });
  form.addEventListener("change", paint);
  paint();
})();
