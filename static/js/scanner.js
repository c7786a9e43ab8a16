"use strict";
/* A scanner is a keyboard that types fast and ends with Enter: gaps of at most 60 ms, at least six characters. It is read on every
   page, but a field that somebody types in keeps what is typed and its Enter: password managers and quick hands look like scanners.
   A field that asks for scans (data-scan-field) hands them over, and so do the fields of a form that does (data-scan-form), which get
   back what they held.
   Event on document: "cf:scan", detail {code, id}; the id is made here, so that a repeat over a bad network counts once. */
(() => {
  const GAP_MS = 60, LEAST = 6;
  const FIELD = "input:not([type=checkbox]):not([type=radio]):not([type=button]):not([type=submit]),textarea,select,[contenteditable]";
  let buffer = "", last = -Infinity, field = null, before = "";

  const isTyping = el => Boolean(el.closest?.(FIELD)) && !el.closest("[data-scan-field],[data-scan-form]");
  const restore = () => {
    if (!field?.closest("[data-scan-form]")) return;
    field.value = before;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const character = e => {
    if (e.ctrlKey && e.key === "]") return "\x1d"; // FNC1, as scanners type it
    return e.key.length === 1 && !e.ctrlKey && !e.metaKey && !e.altKey ? e.key : "";
  };
  document.addEventListener("keydown", e => {
    if (isTyping(e.target)) { buffer = ""; return; }
    const now = e.timeStamp; // when it was pressed, not when a busy page came to it
    if (now - last > GAP_MS) buffer = "";
    if (e.key === "Shift") return;
    last = now;
    if (e.key === "Enter") {
      const code = buffer;
      buffer = "";
      if (code.length < LEAST) return;
      e.preventDefault();
      e.stopImmediatePropagation();
      restore();
      document.dispatchEvent(new CustomEvent("cf:scan", { detail: { code, id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` } }));
      return;
    }
    const typed = character(e);
    if (!typed) return;
    if (!buffer) {
      field = e.target.closest(FIELD);
      before = field?.value ?? "";
    }
    buffer += typed;
    if (typed === "\x1d") e.preventDefault();
  }, true);
})();
