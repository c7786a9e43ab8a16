"use strict";
/* Marks (hold, give to, note): a button names the dialog; it is about one order, or about those that are chosen.
   The workbench: the panel follows the cursor, what a live push changes waits behind a bar, and what was released leaves the list
   while the cursor goes on to the next order. Choosing and the keys of the list are bulk.js. */
(() => {
  const chosenOf = button => {
    if (button.dataset.markId) return { ids: button.dataset.markId, stamps: button.dataset.markStamp, many: 1 };
    const { ids, stamps, many } = window.Alpine.$data(button.closest("[x-data]"));
    return { ids, stamps, many };
  };
  document.addEventListener("click", e => {
    const button = e.target.closest("[data-mark]");
    const dialog = button && document.getElementById(`mark-${button.dataset.mark}`);
    if (!dialog) return;
    const form = dialog.querySelector("form"), { ids, stamps, many } = chosenOf(button);
    form.reset();
    form.elements.namedItem("ids").value = ids;
    form.elements.namedItem("stamps").value = stamps;
    dialog.querySelector("[data-mark-count]").textContent = many > 1 ? cf.fill(dialog.dataset.many, { n: many.toLocaleString("zh-CN") }) : "";
    if (button.dataset.markSaid) form.elements.namedItem("note").value = button.dataset.markSaid;
    dialog.showModal();
    form.querySelector("input:not([type=hidden]),select,textarea").focus();
  });
  // A note is written with Enter for lines; Ctrl Enter says that it is done
  document.addEventListener("keydown", e => {
    if (e.key !== "Enter" || !(e.ctrlKey || e.metaKey) || !e.target.matches(".mk textarea")) return;
    e.target.form.requestSubmit();
  });
  document.body.addEventListener("htmx:afterRequest", e => {
    if (e.detail.xhr.status < 300) e.target.closest?.("dialog.mk")?.close();
  });
  // What was chosen on the workbench is done with: nothing stays chosen there
  document.addEventListener("submit", e => {
    if (!e.target.matches("[data-ends-choice]")) return;
    try { Object.keys(sessionStorage).filter(key => key.startsWith("cf-bulk-orders")).forEach(key => sessionStorage.removeItem(key)); } catch { /* private mode */ }
  });
  const bench = document.querySelector("[data-workbench]");
  if (!bench) return;
  const PANEL_MS = 120, COUNTS_MS = 1500, QUIET_MS = 4000;
  const list = document.getElementById("list"), panel = document.getElementById("panel");
  const root = bench.querySelector("[data-list]"), bar = bench.querySelector("[data-changes]");
  const toggle = bench.querySelector("[data-panel-toggle]");
  const changed = new Set();
  let waiting = 0, counting = 0, quietUntil = 0, next = "";

  const rows = () => [...list.querySelectorAll("tbody tr[data-id]")];
  const hasPanel = () => panel.checkVisibility();
  const data = () => window.Alpine.$data(root);

  const show = row => {
    if (!row || !hasPanel() || panel.dataset.id === row.dataset.id) return;
    panel.dataset.id = row.dataset.id;
    panel.querySelectorAll("button[data-key]").forEach(button => { button.disabled = true; }); // it is about the order before
    clearTimeout(waiting);
    waiting = setTimeout(() => htmx.ajax("GET", row.dataset.panel, { source: panel, target: panel, swap: "innerHTML" }), PANEL_MS);
  };
  const point = row => {
    if (!row) return;
    data().current = row.dataset.id;
    data().paint();
    show(row);
  };
  const rest = () => {
    if (rows().length) return;
    panel.dataset.id = "";
    panel.replaceChildren();
  };

  // What changed elsewhere is counted, never moved under the hand
  const tell = () => {
    const shown = Number(document.getElementById("list-title").dataset.count);
    const now = Number(bench.querySelector("[data-now]")?.dataset.now ?? shown);
    const n = Math.max(changed.size, Math.abs(now - shown));
    bar.hidden = n === 0;
    bar.querySelector("span").textContent = cf.fill(bar.dataset.word, { n: n.toLocaleString("zh-CN") });
  };
  const reload = () => {
    quietUntil = performance.now() + QUIET_MS;
    htmx.trigger(list, "cf:reload");
  };
  // The first change starts the clock and the last one is counted; htmx's throttle would drop it
  const count = () => {
    counting ||= setTimeout(() => { counting = 0; htmx.trigger(document.body, "cf:counts"); }, COUNTS_MS);
  };
  document.addEventListener("cf:live", e => {
    if (!["order", "job"].includes(e.detail.kind)) return;
    count();
    if (e.detail.kind !== "order" || performance.now() < quietUntil) return;
    const here = new Set(rows().map(row => row.dataset.id));
    (e.detail.ids ?? []).map(String).filter(id => here.has(id)).forEach(id => changed.add(id));
    tell();
  });
  bar.addEventListener("click", () => { next = data().current; reload(); list.focus({ preventScroll: true }); });
  document.body.addEventListener("cf:released", e => {
    const gone = new Set(e.detail.ids), at = rows(), from = at.findIndex(row => row.dataset.id === data().current);
    const after = [...at.slice(Math.max(0, from)), ...at.slice(0, Math.max(0, from)).reverse()].find(row => !gone.has(row.dataset.id));
    next = after?.dataset.id ?? "";
    panel.dataset.id = "";
    reload();
    htmx.trigger(document.body, "cf:counts");
  });
  document.body.addEventListener("htmx:afterSettle", e => {
    if (e.detail.target?.id === "queues") tell();
    if (e.detail.target?.id !== "list") return;
    changed.clear();
    root.dataset.total = document.getElementById("list-title").dataset.count;
    panel.dataset.id = "";
    point(rows().find(row => row.dataset.id === next) ?? rows()[0]);
    rest();
    tell();
  });

  root.addEventListener("cf:current", e => show(rows().find(row => row.dataset.id === e.detail.id)));
  list.addEventListener("click", e => {
    const row = e.target.closest("tbody tr[data-id]");
    if (!row || e.target.closest("a,button,input,label")) return;
    if (hasPanel()) show(row);
    else row.querySelector("[data-open]").click();
  });
  document.addEventListener("cf:list-key", e => {
    if (e.detail.key.toLowerCase() === "x" && !list.querySelector("[data-all]")) e.stopImmediatePropagation();
  });

  const widen = isWide => {
    bench.classList.toggle("wb--wide", isWide);
    toggle.setAttribute("aria-pressed", String(!isWide));
  };
  toggle.addEventListener("click", () => {
    const isWide = !bench.classList.contains("wb--wide");
    cf.option("orders-panel", !isWide);
    widen(isWide);
    show(rows().find(row => row.dataset.id === data().current));
  });
  widen(!cf.option("orders-panel"));
  document.addEventListener("alpine:initialized", () => {
    point(rows()[0]);
    bench.querySelector(".q[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  });
})();
