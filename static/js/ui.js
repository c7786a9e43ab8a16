"use strict";
/* What every page does: words, values that reach CSS through the CSSOM, theme, toasts, answers of htmx that are no page.
   Public: cf.words, cf.say(text, {kind, undoUrl, undoLabel, link, linkLabel}), cf.option(name), cf.post(url, values). */
(() => {
  const TOAST_MS = 6000, TOASTS = document.querySelector(".hand") ? 1 : 3;
  const box = document.getElementById("cf-words");
  const words = box ? JSON.parse(box.textContent) : {};
  const fill = (text, values) => (text || "").replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

  const option = (name, value) => {
    try {
      if (value === undefined) return localStorage.getItem(`cf-${name}`) !== "off";
      localStorage.setItem(`cf-${name}`, value ? "on" : "off");
    } catch { /* private mode */ }
    return value ?? true;
  };

  const dress = root => {
    const found = $$("[data-w]", root);
    if (root.matches?.("[data-w]")) found.push(root);
    found.forEach(el => el.style.setProperty("--w", el.dataset.w));
  };

  // Toasts: one sentence, one way back. Errors stay; at most three; what is new pushes out what is old.
  const shelf = document.getElementById("toasts");
  const live = toast => {
    const stays = toast.classList.contains("cf-toast--stop");
    let timer;
    const start = () => { if (!stays) timer = setTimeout(() => toast.remove(), TOAST_MS); };
    toast.addEventListener("pointerenter", () => clearTimeout(timer));
    toast.addEventListener("pointerleave", start);
    toast.addEventListener("focusin", () => clearTimeout(timer));
    toast.addEventListener("focusout", start);
    start();
    $$(".cf-toast", shelf).slice(0, -TOASTS).forEach(old => old.remove());
  };
  const button = (text, attributes) => {
    const made = Object.assign(document.createElement("button"), { type: "button", textContent: text });
    Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
    return made;
  };
  const say = (text, { kind = "done", undoUrl, undoLabel, link, linkLabel } = {}) => {
    const toast = document.createElement("div");
    toast.className = `cf-toast cf-toast--${kind}`;
    toast.setAttribute("role", kind === "stop" ? "alert" : "status");
    toast.append(Object.assign(document.createElement("p"), { textContent: text }));
    if (undoUrl) toast.append(button(undoLabel || words.undo, { "data-undo": undoUrl }));
    else if (link) toast.append(Object.assign(document.createElement("a"), { href: link, textContent: linkLabel }));
    else if (kind === "stop") toast.append(button(words.close, { "data-toast-close": "" }));
    shelf.append(toast);
    live(toast);
    return toast;
  };
  const post = (url, values = {}) => htmx.ajax("POST", url, { source: document.body, swap: "none", values });

  window.cf = { words, fill, say, option, post };

  document.addEventListener("click", e => {
    const target = e.target.closest("[data-undo],[data-toast-close],[data-theme-toggle],[data-theme-set],[data-dialog-close],[data-keys-toggle],[data-sound-toggle],[data-copy]");
    if (!target) return;
    const { dataset } = target;
    if ("undo" in dataset) { post(dataset.undo); target.closest(".cf-toast").remove(); }
    if ("toastClose" in dataset) target.closest(".cf-toast").remove();
    if ("themeToggle" in dataset) theme(document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark");
    if ("themeSet" in dataset) theme(dataset.themeSet);
    if ("dialogClose" in dataset) target.closest("dialog").close();
    if ("keysToggle" in dataset) option("keys", !option("keys"));
    if ("soundToggle" in dataset) option("sound", !option("sound"));
    if ("copy" in dataset) navigator.clipboard?.writeText(dataset.copy);
    show();
  });

  const theme = choice => document.dispatchEvent(new CustomEvent("cf:theme-set", { detail: choice }));
  const show = () => {
    $$("[data-theme-set]").forEach(b => b.setAttribute("aria-pressed", b.dataset.themeSet === document.documentElement.dataset.themeChoice));
    [["keys", "[data-keys-toggle]"], ["sound", "[data-sound-toggle]"]].forEach(([name, selector]) => $$(selector).forEach(b => {
      b.setAttribute("aria-pressed", option(name));
      const told = b.querySelector("small");
      if (told) told.textContent = option(name) ? words.keys_on : words.keys_off;
    }));
  };

  // What was shown in clear does not wait in the browser's memory for whoever presses "back".
  addEventListener("pagehide", () => $$("[data-plain]").forEach(one => one.replaceChildren()));
  addEventListener("pageshow", e => { if (e.persisted && $$("[data-plain]").length) location.reload(); });

  // A menu may fetch what it shows when it is opened the first time.
  $$("[popover]").forEach(menu => menu.addEventListener("toggle", e => {
    if (e.newState === "open") menu.dispatchEvent(new CustomEvent("cf:menu"));
  }));

  document.body.addEventListener("htmx:load", e => dress(e.detail.elt));
  document.body.addEventListener("cf:toast", e => {
    const d = e.detail;
    say(d.text, { kind: d.kind, undoUrl: d.undo_url, undoLabel: d.undo_label, link: d.link, linkLabel: d.link_label });
  });
  document.body.addEventListener("htmx:sendError", e => {
    if (e.detail.requestConfig?.verb !== "get") say(words.net_failed, { kind: "stop" });
  });
  document.body.addEventListener("htmx:responseError", e => {
    const { xhr, requestConfig } = e.detail;
    if ((xhr.getResponseHeader("HX-Trigger") || "").includes("cf:toast") || requestConfig?.verb === "get") return;
    const text = { 403: words.forbidden, 404: words.gone }[xhr.status];
    if (xhr.status === 401) say(words.signed_out, { kind: "stop", link: "/signin/", linkLabel: words.sign_in });
    else if (xhr.status === 429) say(fill(words.busy, { n: xhr.getResponseHeader("Retry-After") || 60 }), { kind: "warn" });
    else say(text || fill(words.server_failed, { id: xhr.getResponseHeader("X-Request-ID") || xhr.status }), { kind: "stop" });
  });

  // Where tabs scroll, the one of this page is seen.
  $$("nav > a[aria-current]").forEach(tab => {
    const row = tab.parentElement;
    if (row.scrollWidth > row.clientWidth) row.scrollLeft = tab.offsetLeft - row.offsetLeft - 40;
  });

  dress(document.body);
  $$(".cf-toast", shelf).forEach(live);
  show();
  document.addEventListener("cf:theme", show);
})();
