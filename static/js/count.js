"use strict";
/* Counting at the bin. The page never learns what the book says. A task is asked for, its bin is scanned (from then on the count runs),
   goods are scanned one by one: the server says once what a code is, after that it counts here, so a slow network does not slow the hand.
   What was counted is kept on the device under the task and its round until it is handed in; handing in again counts once. */
(() => {
  const root = document.querySelector("[data-count-hand]");
  if (!root) return;
  const words = JSON.parse(document.getElementById("count-words").textContent), one = selector => document.querySelector(selector);
  const STEPS = [400, 800, 1600, 3000, 5000], TIMEOUT_MS = 10000, SHOWN = 30;
  let task = null, lines = [], isThere = false, busy = false, isWrong = false, last = null;
  const known = new Map(), lotOf = new Map(); // code -> what it is; goods -> the lot that was chosen for them

  const text = (selector, value) => { one(selector).textContent = value; };
  const state = name => { if (name) document.documentElement.dataset.state = name; else delete document.documentElement.dataset.state; };
  const view = name => { for (const part of ["task", "none"]) one(`[data-view=${part}]`).hidden = part !== name; };
  const net = isOk => { one("[data-net]").classList.toggle("is-off", !isOk); text("[data-net] span", isOk ? words.saved : words.offline); };
  const say = (main, hint = "", kind = "") => {
    one("[data-say]").classList.toggle("is-ask", kind === "ask");
    text("[data-say-text]", main);
    text("[data-say-hint]", hint);
  };
  const day = iso => iso ? cf.fill(words.until, { day: iso }) : words.never;
  const place = () => `cf-count-${task.id}-${task.round}`;
  const keep = () => { try { localStorage.setItem(place(), JSON.stringify({ lines, isThere })); } catch { /* private mode */ } };
  const forget = () => { try { localStorage.removeItem(place()); } catch { /* private mode */ } };
  const recall = () => { try { return JSON.parse(localStorage.getItem(place()) || "{}"); } catch { return {}; } };

  const pause = ms => new Promise(resolve => { setTimeout(resolve, ms); });
  const ask = async (url, values) => {
    const body = values && new URLSearchParams(values);
    for (let turn = 0; ; turn += 1) {
      try {
        const answer = await fetch(url, {
          method: body ? "POST" : "GET", body, headers: { "X-CSRFToken": root.dataset.csrf, "HX-Request": "true" }, signal: AbortSignal.timeout(TIMEOUT_MS), redirect: "error",
        });
        if (answer.status === 204 || answer.status === 401 || answer.status === 403) return { kind: "signed_out" };
        if (answer.status < 500) { net(true); return answer.ok ? await answer.json() : { kind: "failed" }; }
      } catch { /* the network: the same again */ }
      net(false);
      say(words.retry, words.retry_hint, "ask");
      await pause(STEPS[Math.min(turn, STEPS.length - 1)]);
    }
  };
  const address = (name = "") => root.dataset.task.replace("/0/", `/${task.id}/`) + name;
  const alone = async work => {
    if (busy) return;
    busy = true;
    try { await work(); } finally { busy = false; }
  };

  const units = () => lines.reduce((all, line) => all + line.quantity, 0);
  const ready = () => {
    if (!isThere) say(words.scan_bin, task.zone, "ask");
    else say(words.scan_goods, lines.length ? cf.fill(words.lots, { n: lines.length, units: units() }) : words.one_each);
  };
  const row = line => {
    const item = document.createElement("li"), button = document.createElement("button"), names = document.createElement("span"), number = document.createElement("b");
    const name = document.createElement("em"), lot = document.createElement("small");
    name.textContent = line.name;
    lot.textContent = `${line.lot} · ${day(line.expires_on)}`;
    number.textContent = line.quantity;
    names.append(name, lot);
    button.type = "button";
    button.append(names, number);
    button.addEventListener("click", () => retype(line));
    item.append(button);
    return item;
  };
  const paint = () => {
    if (!task) return;
    one("[data-last]").hidden = !last;
    if (last) {
      text("[data-l=name]", last.name);
      text("[data-l=code]", last.code);
      text("[data-l=units]", last.quantity);
      text("[data-l=lot]", last.lot);
      text("[data-l=expires_on]", day(last.expires_on));
    }
    one("[data-lines]").replaceChildren(...lines.filter(line => line !== last).slice(0, SHOWN).map(row));
    one("[data-done]").disabled = !isThere;
    one("[data-bin-ok]").hidden = !isThere;
    text("[data-done-text]", lines.length ? words.done : words.is_empty);
    ready();
  };
  const wrong = (title, advice) => {
    isWrong = true;
    text("[data-w=title]", title);
    text("[data-w=advice]", advice);
    state("wronglot");
    cf.sound("wrong");
    one("[data-again]").focus({ preventScroll: true });
  };
  const calm = () => { isWrong = false; state(""); paint(); };
  const progress = found => {
    text("[data-count]", `${found.done} / ${found.total}`);
    one("[data-progress]").setAttribute("width", found.total ? 1000 * found.done / found.total : 1000);
  };
  const begin = found => {
    task = found;
    const kept = recall();
    lines = kept.lines ?? [];
    isThere = Boolean(kept.isThere);
    last = lines[0] ?? null;
    known.clear();
    lotOf.clear();
    text("[data-f=bin]", task.bin);
    one("[data-f=bin]").parentElement.dataset.long = String(task.bin.length > 10);
    text("[data-f=what]", task.goods ? `${cf.fill(words.only, { code: task.goods.code })} · ${task.goods.name}` : words.all);
    one("[data-f=round]").hidden = task.round < 2;
    text("[data-f=round]", cf.fill(words.again, { n: task.round }));
    view("task");
    paint();
  };
  const other = found => {
    if (found.kind === "signed_out") cf.say(words.signed_out, { kind: "stop", link: "/signin/", linkLabel: cf.words.sign_in });
    else if (found.kind === "over" || found.kind === "other") wrong(found.title, found.advice);
    else cf.say(words.server, { kind: "stop" });
    if (task) paint();
    else view("none");
  };
  const next = async (bin = "") => {
    const found = await ask(root.dataset.next, { bin });
    if (found.done !== undefined) progress(found);
    if (found.kind === "task") { state(""); begin(found); return; }
    if (found.kind !== "none") { other(found); return; }
    task = null;
    if (found.busy) text("[data-none-text]", cf.fill(words.busy, { n: found.busy }));
    view("none");
  };

  const add = (found, quantity) => {
    const same = lines.find(line => line.sku === found.sku && line.lot === found.lot);
    const line = same ?? { sku: found.sku, code: found.code, name: found.name, lot: found.lot, expires_on: found.expires_on, quantity: 0 };
    line.quantity += quantity;
    lines = [line, ...lines.filter(each => each !== line)];
    last = line;
    keep();
    cf.sound("right");
    paint();
  };
  const which = found => {
    const box = one("[data-lots]"), dialog = one("[data-dialog=which]");
    text("[data-which-name]", `${found.name} · ${found.code}`);
    box.replaceChildren(...found.lots.map(lot => {
      const button = document.createElement("button"), code = document.createElement("b"), until = document.createElement("span");
      button.type = "button";
      button.className = "hb";
      code.textContent = lot.lot;
      until.textContent = day(lot.expires_on);
      button.append(code, until);
      button.addEventListener("click", () => { dialog.close(""); chose(found, lot); });
      return button;
    }));
    dialog.found = found;
    dialog.querySelector("form").reset();
    dialog.querySelector("details").open = !found.lots.length;
    dialog.returnValue = "";
    dialog.showModal();
    cf.sound("wrong");
  };
  const chose = (found, lot) => {
    lotOf.set(found.sku, lot);
    add({ ...found, ...lot }, found.units);
  };
  const take = code => alone(async () => {
    if (isWrong) calm();
    if (!task) { await next(code); return; }
    if (!isThere) { await arrive(code); return; }
    let found = known.get(code);
    if (!found) {
      say(words.asking);
      found = await ask(`${address("read/")}?${new URLSearchParams({ text: code })}`);
      if (found.kind === "lot" || found.kind === "which") known.set(code, found);
    }
    if (found.kind === "lot") { lotOf.set(found.sku, { lot: found.lot, expires_on: found.expires_on }); add(found, found.units); }
    else if (found.kind === "which" && lotOf.has(found.sku)) add({ ...found, ...lotOf.get(found.sku) }, found.units);
    else if (found.kind === "which") { paint(); which(found); }
    else if (found.kind === "unknown") { paint(); wrong(found.title, found.advice); }
    else if (found.kind === "bin") { cf.sound("right"); paint(); }
    else other(found);
  });
  const arrive = async code => {
    const found = await ask(address("arrive/"), { text: code });
    if (found.kind === "right") { isThere = true; keep(); cf.sound("right"); paint(); }
    else if (found.kind === "wrong") { paint(); wrong(found.title, found.advice); }
    else if (found.kind === "gone") { forget(); cf.say(found.advice, { kind: "warn" }); await next(); }
    else other(found);
  };
  const handIn = () => alone(async () => {
    const told = lines.map(({ sku, lot, quantity, expires_on: until }) => ({ sku, lot, quantity, expires_on: until }));
    const found = await ask(address(), { round: task.round, lines: JSON.stringify(told) });
    if (found.kind === "refused") { paint(); wrong(found.title, found.advice); return; }
    if (found.kind !== "taken" && found.kind !== "gone") { other(found); return; }
    forget();
    if (found.kind === "taken") { cf.sound("done"); say(words.taken); } else cf.say(found.advice, { kind: "warn" });
    await next();
  });
  const back = () => alone(async () => {
    const found = await ask(address("back/"), {});
    if (found.kind !== "back") { other(found); return; }
    forget();
    task = null;
    text("[data-none-text]", "");
    view("none");
  });
  const retype = line => {
    const dialog = one("[data-dialog=units]"), input = dialog.querySelector("input");
    dialog.line = line;
    text("[data-units-lot]", `${line.name} · ${line.lot}`);
    input.value = line.quantity;
    dialog.returnValue = "";
    dialog.showModal();
    input.select();
  };
  const open = (name, prepare) => {
    const dialog = one(`[data-dialog=${name}]`);
    dialog.returnValue = "";
    prepare?.(dialog);
    dialog.showModal();
  };
  const closed = {
    type: dialog => { const code = dialog.querySelector("input").value.trim(); if (code) take(code); },
    units: dialog => {
      const { line } = dialog, typed = Number(dialog.querySelector("input").value);
      if (!Number.isInteger(typed) || typed < 0) return;
      line.quantity = typed;
      if (!typed) lines = lines.filter(each => each !== line);
      last = typed ? line : lines[0] ?? null;
      keep();
      paint();
    },
    which: dialog => {
      const code = dialog.querySelector("[name=lot]").value.trim();
      if (code) chose(dialog.found, { lot: code, expires_on: dialog.querySelector("[name=day]").value });
    },
    sure: () => handIn(),
  };

  document.addEventListener("cf:scan", e => {
    const shown = one("dialog[open]");
    if (shown && shown.dataset.dialog !== "type") return;
    if (shown) shown.close("");
    take(e.detail.code);
  });
  document.addEventListener("click", e => {
    const hit = name => e.target.closest(`[data-${name}]`);
    if (hit("close")) e.target.closest("dialog").close("");
    else if (hit("again")) calm();
    else if (hit("look")) alone(() => next());
    else if (hit("back") && task) back();
    else if (hit("type")) open("type", dialog => { dialog.querySelector("input").value = ""; });
    else if (hit("other-lot") && last) { lotOf.delete(last.sku); cf.say(words.scan_goods); }
    else if (hit("last") && last) retype(last);
    else if (hit("done") && task && isThere) { if (lines.length) handIn(); else open("sure"); }
  });
  for (const dialog of document.querySelectorAll("[data-dialog]")) {
    dialog.addEventListener("close", () => {
      const isSure = dialog.returnValue === "go";
      dialog.returnValue = "";
      if (isSure) closed[dialog.dataset.dialog](dialog);
    });
  }
  addEventListener("offline", () => net(false));
  addEventListener("online", () => net(true));
  net(navigator.onLine);
  alone(() => next());
})();
