"use strict";
/* A scanner is a keyboard that types fast and ends with Enter. It is read whatever has the focus: gaps of at most 60 ms, at least
   six characters. What it typed into a field is taken out again, unless the field asks for it (data-scan-field).
   Event on document: "cf:scan", detail {code, id}; the id is made here, so that a repeat over a bad network counts once. */
(() => {
  const GAP_MS = 60, LEAST = 6;
  let buffer = "", last = -Infinity, field = null, before = "";

  const restore = () => {
    if (!field || "scanField" in field.dataset) return;
    field.value = before;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const character = e => {
    if (e.ctrlKey && e.key === "]") return "\x1d"; // FNC1, as scanners type it
    return e.key.length === 1 && !e.ctrlKey && !e.metaKey && !e.altKey ? e.key : "";
  };
  document.addEventListener("keydown", e => {
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
      field = e.target.matches("input:not([type=checkbox]):not([type=radio]),textarea") ? e.target : null;
      before = field?.value ?? "";
    }
    buffer += typed;
    if (typed === "\x1d") e.preventDefault();
  }, true);
})();
