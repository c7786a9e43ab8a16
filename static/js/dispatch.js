"use strict";
/* Map without tiles: points are projected with a local equirectangular projection (x = Δlon·cos φ, y = Δlat), true to 0.1 % at
   city size. Its bar has no id: htmx would copy the width that is set here as an inline style. It is drawn again only when its data or its size changed, so it never moves under the pointer. */
(() => {
  const NS = "http://www.w3.org/2000/svg", M_PER_E6 = 0.11132, GLYPHS = {
    live: (x, y) => `M${x - 4.5} ${y}q4.5 -5.5 9 0q-4.5 5.5 -9 0`, stop: (x, y) => `M${x - 3.5} ${y - 3.5}l7 7m0 -7l-7 7`,
    done: (x, y) => `M${x - 4} ${y}l3 3l5 -6`, wait: (x, y) => `M${x - 4} ${y}h8`, none: () => "",
  };
  const svg = document.getElementById("map"), list = document.getElementById("rounds-list");
  let drawn = "";

  const add = (name, attributes, text) => {
    const made = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    svg.append(made);
    return made;
  };
  const overlaps = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

  const draw = () => {
    const text = document.querySelector("[data-map]")?.dataset.map ?? "", { width, height } = svg.getBoundingClientRect();
    const now = `${width}x${height} ${text}`;
    if (now === drawn || width < 1) return;
    drawn = now;
    svg.replaceChildren();
    if (!text) return;
    const { at, stores, reach } = JSON.parse(text), shrink = Math.cos(at[1] / 1e6 * Math.PI / 180);
    const metres = ([lng, lat]) => [(lng - at[0]) * M_PER_E6 * shrink, (at[1] - lat) * M_PER_E6];
    const far = Math.max(500, ...stores.filter(s => s.hue !== "none").map(s => Math.hypot(...metres(s.at))), ...reach.map(r => r.m));
    const scale = Math.min(width - 90, height - 70) / 2 / far;
    const place = point => { const [x, y] = metres(point); return [width / 2 + x * scale, height / 2 + y * scale]; };
    const [x, y] = [width / 2, height / 2];
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const step = [250, 500, 1000, 2000, 5000, 10000, 50000].find(m => far / m <= 4) ?? 200000;
    for (let m = step; m * scale < Math.hypot(width, height) / 2; m += step) add("circle", { class: "gr", cx: x, cy: y, r: m * scale });
    [...reach].reverse().forEach(({ m }, index) => add("circle", { class: index === reach.length - 1 ? "r1" : "r2", cx: x, cy: y, r: m * scale }));
    stores.filter(s => s.on).forEach(s => { const [a, b] = place(s.at); add("line", { class: "ed", x1: x, y1: y, x2: a, y2: b }); });
    // Every label has room of its own or is left out: the panel beside the map has them all.
    const taken = stores.map(s => { const [a, b] = place(s.at); return [a - 13, b - 13, a + 13, b + 13]; });
    taken.push([x - 16, y - 40, x + 16, y + 8]);
    reach.forEach(({ m, label }) => {
      const text = add("text", { class: "rl", x, y: 0, "text-anchor": "middle" }, label), half = text.getBBox().width / 2 + 4;
      const free = at => { const box = [x - half, at - 14, x + half, at + 5]; return !taken.some(other => overlaps(box, other)) && box; };
      // At the top of its ring or, where a pin or a store stands there, at the bottom
      const at = [Math.max(18, y - m * scale + 18), Math.min(height - 48, y + m * scale - 8)].find(free);
      if (at === undefined) { text.remove(); return; }
      text.setAttribute("y", at);
      taken.push(free(at));
    });
    stores.forEach(s => {
      const [a, b] = place(s.at);
      if (s.hue === "none" && (a < 12 || b < 12 || a > width - 12 || b > height - 12)) return;
      add("circle", { class: `pt ${s.hue === "none" ? "pt--none" : `cf-f-${s.hue}`}`, cx: a, cy: b, r: s.hue === "none" ? 7 : 11 });
      add("path", { class: "gl", d: GLYPHS[s.hue](a, b) });
      const name = add("text", { class: "nm", x: a + 16, y: b }, s.name), w = Math.max(name.getBBox().width, 44);
      const right = [a + 16, b - 12, a + 18 + w, b + 18], left = [a - 18 - w, b - 12, a - 16, b + 18];
      const fits = box => box[0] > 0 && box[2] < width && box[3] < height && !taken.some(other => overlaps(box, other));
      const box = [right, left].find(fits);
      if (!box) { name.remove(); return; }
      taken.push(box);
      const end = box === left ? { x: a - 16, "text-anchor": "end" } : { x: a + 16 };
      Object.entries(end).forEach(([key, value]) => name.setAttribute(key, value));
      add("text", { class: "n2", y: b + 15, ...end }, s.far);
    });
    add("path", { class: "buyer", d: `M${x} ${y + 4}c-13 -17 -13 -34 0 -34s13 17 0 34z` });
    add("circle", { cx: x, cy: y - 18, r: 4.5, class: "pin" });
    const bar = document.querySelector(".scale");
    bar?.querySelector("i").style.setProperty("--w", `${Math.max(4, 1000 * scale)}px`);
    if (bar) bar.hidden = 1000 * scale > width / 2;
  };

  if (list) {
    let chosen = new URLSearchParams(location.search).get("d") ?? "";
    const isWide = matchMedia("(min-width: 1181px)");
    document.body.addEventListener("htmx:configRequest", e => {
      if (e.detail.elt !== list) return;
      e.detail.parameters.show = list.dataset.show;
      if (chosen) e.detail.parameters.d = chosen;
    });
    list.addEventListener("click", e => {
      const row = e.target.closest("[data-pick]");
      if (!row || !isWide.matches || e.ctrlKey || e.metaKey || e.shiftKey) return;
      e.preventDefault();
      chosen = row.dataset.pick;
      list.querySelectorAll(".dsp").forEach(one => one.toggleAttribute("aria-current", one === row));
      history.replaceState(null, "", `?show=${list.dataset.show}&d=${chosen}`);
      htmx.trigger(list, "cf:again");
    });
    list.addEventListener("cf:due", () => setTimeout(() => htmx.trigger(list, "cf:again"), 800));
  }
  document.body.addEventListener("htmx:afterSettle", draw);
  new ResizeObserver(draw).observe(svg);
  draw();
})();
