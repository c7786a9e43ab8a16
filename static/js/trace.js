"use strict";
/* A scan on the page of tracing is a search. */
document.addEventListener("cf:scan", e => {
  const form = document.querySelector("[data-trace-find]");
  if (!form) return;
  form.elements.q.value = e.detail.code;
  form.requestSubmit();
});
