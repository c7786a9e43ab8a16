"use strict";
/* The returns desk: a scan goes into the page's one field and sends it, whatever has the focus; right and wrong are heard. */
(() => {
  const form = document.querySelector("[data-scan-target]");
  const heard = document.querySelector("[data-heard]");
  if (heard) cf.sound(heard.dataset.heard);
  if (!form) return;
  const field = form.querySelector("[name=text]");
  field.focus({ preventScroll: true });
  field.select(); // what was refused is written over
  let isSent = false;
  document.addEventListener("cf:scan", e => {
    if (isSent) return;
    // typed into the field itself, all of it counts: a slow machine may have seen the end of a code only
    const isWhole = document.activeElement === field && field.value.trim().endsWith(e.detail.code);
    if (!isWhole) field.value = e.detail.code;
    form.requestSubmit();
  });
  form.addEventListener("submit", e => {
    if (isSent) { e.preventDefault(); return; }
    isSent = true;
  });
  addEventListener("pageshow", () => { isSent = false; });
})();
