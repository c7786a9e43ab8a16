"use strict";
/* Asked only before what cannot be taken back: data-confirm holds the question with its number, data-confirm-yes the verb.
   Works for plain forms and for htmx, so a button needs nothing but the two attributes. */
(() => {
  const dialog = document.getElementById("confirm");
  if (!dialog) return;
  const yes = dialog.querySelector("[value=yes]");
  let go = null, about = null;

  const ask = (element, then) => {
    about = element instanceof Node ? element : null;
    document.getElementById("confirm-t").textContent = element.dataset.confirm;
    yes.textContent = element.dataset.confirmYes;
    go = then;
    dialog.returnValue = "";
    dialog.showModal();
    dialog.querySelector("[value=no]").focus();
  };
  dialog.addEventListener("close", () => {
    const then = go;
    go = null;
    if (dialog.returnValue === "yes") then?.();
  });
  // What holds the button is not replaced under the open question: a form that is gone cannot be sent any more
  document.addEventListener("htmx:beforeSwap", e => {
    if (dialog.open && about && e.detail.target.contains(about)) e.detail.shouldSwap = false;
  });

  const asks = e => e.detail.triggeringEvent?.submitter?.closest("[data-confirm]") || e.target.closest("[data-confirm]");
  document.addEventListener("htmx:confirm", e => {
    const element = asks(e);
    if (!element) return;
    e.preventDefault();
    ask(element, () => e.detail.issueRequest(true));
  });

  // The server may ask before it does what was posted ("cf:ask" {text, yes}); yes posts the same form again, with sure=1
  document.body.addEventListener("cf:ask", e => {
    const { target, detail } = e, form = target.closest("form"), sure = form?.elements.namedItem("sure");
    if (!sure) return;
    ask({ dataset: { confirm: detail.text, confirmYes: detail.yes } }, () => {
      sure.value = "1";
      form.addEventListener("htmx:afterRequest", () => { sure.value = ""; }, { once: true });
      if (target === form) form.requestSubmit(); else target.click();
    });
  });

  let answered = null;
  document.addEventListener("submit", e => {
    const button = e.submitter;
    const element = button?.closest("[data-confirm]") || e.target.closest("[data-confirm]");
    if (!element || element === answered || element.hasAttribute("hx-post") || e.target.hasAttribute("hx-post")) { answered = null; return; }
    e.preventDefault();
    ask(element, () => { answered = element; e.target.requestSubmit(button); });
  });
})();
