"use strict";
/* Choices that need no button: a form[data-auto-submit] goes as soon as its select changes. */
(() => {
  document.addEventListener("change", e => e.target.closest("form[data-auto-submit]")?.requestSubmit());
  document.addEventListener("cf:scan", e => {
    const find = document.querySelector('.cf-find input[name="q"]');
    if (!find) return;
    find.value = e.detail.code;
    find.form.requestSubmit();
  });
})();
