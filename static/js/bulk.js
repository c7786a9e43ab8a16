"use strict";
/* A list with a cursor row and chosen rows (two things), for x-data="bulk".
   Rows: tbody tr[data-id] with a .cf-ck and, for the sum, data-minor (minor units); data-stamp is what the row was when it was chosen,
   posted with its id. [data-open] in a row is what Enter opens. Root: data-all-url answers "all" with {rows: [[id, minor, stamp]]}.
   Root: data-bulk="NAME" keeps the choice over pages of this list until Esc or "cf:bulk-done"; data-total = rows of the whole list;
   data-exponent = digits of the currency. A swap of rows by live update keeps both choice and cursor. */
document.addEventListener("alpine:init", () => {
  Alpine.data("bulk", () => ({
    chosen: {},
    seen: {},
    isAll: false,
    current: "",
    anchor: -1,
    init() {
      ({ chosen: this.chosen = {}, seen: this.seen = {} } = this.recall());
      this.onKey = e => { if (this.key(e.detail)) e.preventDefault(); };
      this.onSwap = () => this.paint();
      this.onDone = () => this.clear();
      this.onEscape = e => { if (e.key === "Escape" && this.any && !document.querySelector("dialog[open],:popover-open")) this.clear(); };
      document.addEventListener("cf:list-key", this.onKey);
      document.body.addEventListener("htmx:afterSettle", this.onSwap);
      document.body.addEventListener("cf:bulk-done", this.onDone);
      document.addEventListener("keydown", this.onEscape);
      this.$root.addEventListener("click", e => this.point(e));
      this.paint();
    },
    destroy() {
      document.removeEventListener("cf:list-key", this.onKey);
      document.body.removeEventListener("htmx:afterSettle", this.onSwap);
      document.body.removeEventListener("cf:bulk-done", this.onDone);
      document.removeEventListener("keydown", this.onEscape);
    },
    get name() { return this.$root.dataset.bulk ? `cf-bulk-${this.$root.dataset.bulk}` : ""; },
    get total() { return Number(this.$root.dataset.total || 0); },
    get many() { return this.isAll ? this.total : Object.keys(this.chosen).length; },
    get count() { return this.many.toLocaleString("zh-CN"); },
    get any() { return this.isAll || Object.keys(this.chosen).length > 0; },
    get ids() { return this.isAll ? "" : Object.keys(this.chosen).join(","); },
    get stamps() { return this.isAll ? "" : Object.keys(this.chosen).map(id => this.seen[id] ?? "").join(","); },
    get allFlag() { return this.isAll ? "1" : ""; },
    get hasMoney() { return !this.isAll && Object.values(this.chosen).some(minor => minor !== null); },
    get money() {
      const digits = Number(this.$root.dataset.exponent ?? 2);
      const sum = Object.values(this.chosen).reduce((total, minor) => total + BigInt(minor ?? 0), 0n);
      const text = String(sum < 0n ? -sum : sum).padStart(digits + 1, "0");
      const whole = BigInt(text.slice(0, text.length - digits)).toLocaleString("zh-CN");
      return `${sum < 0n ? "\u2212" : ""}${whole}${digits ? `.${text.slice(-digits)}` : ""}`;
    },
    get offersAll() {
      const rows = this.rows();
      return !this.isAll && rows.length > 0 && this.total > rows.length && this.many < this.total && rows.every(row => row.dataset.id in this.chosen);
    },
    rows() { return [...this.$root.querySelectorAll("tbody tr[data-id]")]; },
    recall() {
      try { return JSON.parse((this.name && sessionStorage.getItem(this.name)) || "{}"); } catch { return {}; }
    },
    keep() {
      if (!this.name) return;
      try { sessionStorage.setItem(this.name, JSON.stringify({ chosen: this.chosen, seen: this.seen })); } catch { /* private mode */ }
    },
    put(row, isOn) {
      const { id, minor, stamp } = row.dataset;
      if (isOn) {
        this.chosen[id] = minor ?? null;
        if (stamp) this.seen[id] = stamp;
      } else {
        delete this.chosen[id];
        delete this.seen[id];
      }
    },
    paint() {
      const rows = this.rows();
      rows.forEach(row => {
        const isOn = this.isAll || row.dataset.id in this.chosen, box = row.querySelector(".cf-ck");
        row.setAttribute("aria-selected", isOn);
        row.classList.toggle("is-cur", row.dataset.id === this.current);
        if (box) { box.checked = isOn; box.disabled = this.isAll; }
      });
      const head = this.$root.querySelector("[data-all]"), on = rows.filter(row => row.dataset.id in this.chosen).length;
      if (head) { head.checked = this.isAll || (on > 0 && on === rows.length); head.indeterminate = !this.isAll && on > 0 && on < rows.length; }
      this.keep();
    },
    sync(e) {
      const row = e.target.closest("tr"), rows = this.rows(), at = rows.indexOf(row);
      if (this.ranged && this.anchor >= 0) rows.slice(Math.min(at, this.anchor), Math.max(at, this.anchor) + 1).forEach(one => this.put(one, e.target.checked));
      else this.put(row, e.target.checked);
      this.anchor = at;
      this.current = row.dataset.id;
      this.paint();
    },
    toggleAll(e) {
      const isOn = e.target.checked;
      this.isAll = false;
      this.rows().forEach(row => this.put(row, isOn));
      this.paint();
    },
    async chooseAll() {
      const url = this.$root.dataset.allUrl;
      if (!url) this.isAll = true;
      else {
        const answer = await fetch(url, { headers: { "HX-Request": "true" } });
        if (!answer.ok) return;
        const { rows } = await answer.json();
        this.seen = Object.fromEntries(rows.map(([id, , stamp]) => [id, stamp]));
        this.chosen = Object.fromEntries(rows.map(([id, minor]) => [id, minor]));
      }
      this.paint();
    },
    clear() { this.chosen = {}; this.seen = {}; this.isAll = false; this.anchor = -1; this.paint(); },
    point(e) {
      const row = e.target.closest("tbody tr[data-id]");
      this.ranged = e.shiftKey;
      if (row && !e.target.closest("a,button,input,label")) { this.current = row.dataset.id; this.paint(); }
    },
    move(by) {
      const rows = this.rows();
      if (!rows.length) return;
      const at = rows.findIndex(row => row.dataset.id === this.current);
      const next = rows[Math.max(0, Math.min(rows.length - 1, at + by))];
      this.current = next.dataset.id;
      next.scrollIntoView({ block: "nearest" });
      this.paint();
      this.$dispatch("cf:current", { id: this.current });
    },
    choose(isRange) {
      const rows = this.rows(), at = rows.findIndex(row => row.dataset.id === this.current);
      if (at < 0 || this.isAll) return;
      if (isRange && this.anchor >= 0) rows.slice(Math.min(at, this.anchor), Math.max(at, this.anchor) + 1).forEach(row => this.put(row, true));
      else this.put(rows[at], !(rows[at].dataset.id in this.chosen));
      this.anchor = at;
      this.paint();
    },
    key({ key, shift }) {
      if (key === "j" || key === "ArrowDown") this.move(1);
      else if (key === "k" || key === "ArrowUp") this.move(-1);
      else if (key.toLowerCase() === "x") this.choose(shift);
      else if (key === "Enter") {
        const row = this.rows().find(one => one.dataset.id === this.current);
        if (!row) return false;
        (row.querySelector("[data-open]") ?? row.querySelector("a"))?.click();
      } else return false;
      return true;
    },
  }));
});
