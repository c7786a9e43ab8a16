"use strict";
/* Keyboard. Every key is also a button: a letter presses the visible [data-key] button, g + letter follows [data-go], / focuses
   [data-hotkey="/"], ? shows the help. Lists listen to "cf:list-key" (bulk.js). Single letters are off in fields, can be
   switched off per person, and wait a moment, since a scanner types letters too. */
(() => {
  const SCAN_GAP_MS = 60, GO_MS = 1200;
  const LIST = new Set(["j", "k", "x", "X", "ArrowDown", "ArrowUp", "Enter"]);
  const help = document.getElementById("keys-help");
  let goUntil = 0, last = -Infinity, waiting = 0;

  const isField = el => el.closest?.("input:not([type=checkbox]):not([type=radio]),textarea,select,[contenteditable]");
  const isSeen = el => !el.disabled && el.checkVisibility({ visibilityProperty: true });
  const top = () => [...document.querySelectorAll("dialog[open]")].at(-1) ?? document;
  const press = selector => {
    const found = [...top().querySelectorAll(selector)].find(isSeen);
    found?.click();
    return Boolean(found);
  };
  // Esc closes what is open, else drops what is chosen (bulk.js), else goes where the page came from
  const back = () => {
    if (document.querySelector("dialog[open],:popover-open") || [...document.querySelectorAll(".bulk")].some(isSeen)) return;
    document.querySelector(".cf-crumb")?.click();
  };
  const step = by => {
    const queues = [...document.querySelectorAll(".q")];
    const next = queues[queues.findIndex(q => q.hasAttribute("aria-current")) + by];
    next?.click();
  };
  const showHelp = () => {
    const body = help.querySelector(".cf-keys"), title = help.querySelector("[data-keys-page-title]");
    body.querySelectorAll("[data-of-page]").forEach(old => old.remove());
    const seen = new Map();
    document.querySelectorAll("[data-key]").forEach(b => {
      const name = (b.dataset.keyName || b.getAttribute("aria-label") || b.textContent).trim().replace(/\s+\S$/, "");
      if (!seen.has(b.dataset.key)) seen.set(b.dataset.key, name);
    });
    title.hidden = seen.size === 0;
    seen.forEach((name, key) => {
      const row = document.createElement("div");
      row.dataset.ofPage = "";
      const keys = document.createElement("span");
      keys.append(Object.assign(document.createElement("kbd"), { textContent: key.toUpperCase() }));
      row.append(name, keys);
      body.append(row);
    });
    if (!help.open) help.showModal();
  };

  const letter = (key, shift) => {
    const name = key.toLowerCase();
    if (performance.now() < goUntil) {
      goUntil = 0;
      return press(`[data-go="${CSS.escape(name)}"]`);
    }
    if (name === "g") { goUntil = performance.now() + GO_MS; return true; }
    if (LIST.has(key) && document.dispatchEvent(new CustomEvent("cf:list-key", { detail: { key, shift }, cancelable: true })) === false) return true;
    if (key === "[" || key === "]") { step(key === "]" ? 1 : -1); return true; }
    return press(`[data-key="${CSS.escape(name)}"]`);
  };

  document.addEventListener("click", e => {
    if (!e.target.closest("[data-keys-help]")) return;
    e.target.closest("[popover]")?.hidePopover();
    showHelp();
  });
  document.addEventListener("keydown", e => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented || e.isComposing) return;
    if (isField(e.target)) {
      if (e.key === "Escape") e.target.blur();
      return;
    }
    if (e.key === "Shift") return;
    if (e.key === "Escape") { back(); return; }
    const now = e.timeStamp, isBurst = now - last < SCAN_GAP_MS && !e.repeat;
    last = now;
    clearTimeout(waiting);
    if (e.key === "Enter" && e.target.closest("a,button,summary,input")) return;
    if (e.key.startsWith("Arrow") || e.key === "Enter") {
      if (LIST.has(e.key) && !isBurst && letter(e.key, e.shiftKey)) e.preventDefault();
      return;
    }
    if (e.key.length !== 1 || isBurst || !cf.option("keys")) return;
    if (e.key === "/" ) {
      const search = [...document.querySelectorAll('[data-hotkey="/"]')].find(isSeen);
      if (search) { e.preventDefault(); waiting = setTimeout(() => search.focus(), SCAN_GAP_MS + 5); }
      return;
    }
    if (e.key === "?") { waiting = setTimeout(showHelp, SCAN_GAP_MS + 5); return; }
    if (e.repeat) letter(e.key, e.shiftKey);
    else waiting = setTimeout(() => letter(e.key, e.shiftKey), SCAN_GAP_MS + 5);
  });
})();
