"use strict";
/* The handheld. All instructions came with the page; one is shown. A scan is read with the focus anywhere (scanner.js) and sent with the
   id it was given there; until the server has said right or wrong the same scan is sent again, and nothing else is taken. Right: the next
   instruction, no tap. Wrong: the whole screen is red until somebody taps or scans again. */
(() => {
  const root = document.querySelector("[data-pick]");
  if (!root) return;
  const read = id => JSON.parse(document.getElementById(id).textContent);
  const words = read("pick-words"), one = selector => document.querySelector(selector);
  const STEPS = [400, 800, 1600, 3000, 5000], RIGHT_MS = 650, TIMEOUT_MS = 10000, STOP = new Set(["wrong_bin", "wrong_goods", "wrong_lot", "expired", "held", "unknown"]);
  let { tasks, total, paper } = read("pick-work"), short = null, busy = false, isWrong = false, wantsLot = false, quietUntil = 0;
  const skipped = new Set();

  const state = name => { if (name) document.documentElement.dataset.state = name; else delete document.documentElement.dataset.state; };
  const text = (selector, value) => { one(selector).textContent = value; };
  const net = isOk => {
    one("[data-net]").classList.toggle("is-off", !isOk);
    text("[data-net] span", isOk ? words.saved : words.offline);
  };
  const say = (main, hint = "", kind = "") => {
    const bar = one("[data-say]");
    bar.classList.toggle("is-right", kind === "right");
    bar.classList.toggle("is-ask", kind === "ask");
    text("[data-say-text]", main);
    text("[data-say-hint]", hint);
  };
  const ready = () => {
    if (wantsLot) say(words.scan_lot, one("[data-f=lot]").textContent, "ask");
    else say(words.scan_goods);
  };
  const show = () => {
    const task = tasks[0], done = total - tasks.length;
    isWrong = false;
    short = null;
    state("");
    text("[data-count]", `${done} / ${total}`);
    one("[data-progress]").setAttribute("width", total ? 1000 * done / total : 1000);
    one("[data-view=task]").hidden = !task;
    one("[data-view=done]").hidden = Boolean(task);
    if (!task) return;
    for (const name of ["bin", "name", "code", "lot", "expires_on", "left", "quantity", "unit", "slot"]) text(`[data-f=${name}]`, task[name]);
    one("[data-f=bin]").parentElement.dataset.long = String(task.bin.length > 10);
    one("[data-f=lot]").dataset.long = String(task.lot.length > 12);
    one("[data-f=quantity]").parentElement.dataset.long = String(String(task.quantity).length > 2);
    one("[data-bin-ok]").hidden = true;
    const next = one("[data-next]");
    next.replaceChildren(...tasks.slice(1, 4).map(after => {
      const item = document.createElement("span"), bin = document.createElement("b");
      bin.textContent = after.bin;
      item.append(bin, cf.fill(words.place_of, { n: after.quantity, unit: after.unit, slot: after.slot }));
      return item;
    }));
    one("[data-skip]").disabled = tasks.length < 2;
    wantsLot = false;
    ready();
  };
  const wrong = verdict => {
    isWrong = true;
    for (const name of ["title", "advice", "scanned", "scanned_note", "wanted", "wanted_note"]) text(`[data-w=${name}]`, verdict[name]);
    one("[data-w-box=scanned]").hidden = !verdict.scanned;
    one("[data-w-box=wanted]").hidden = !verdict.wanted;
    one("[data-skip-wrong]").hidden = !(verdict.may_skip && tasks.length > 1);
    state("wronglot");
    cf.sound("wrong");
    one("[data-again]").focus({ preventScroll: true });
  };
  const skip = () => {
    if (busy || tasks.length < 2) return;
    skipped.add(tasks[0].id);
    tasks.push(tasks.shift());
    show();
  };
  const finish = () => {
    tasks.shift();
    if (tasks.length) { say(words.right, "", "right"); state("right"); cf.sound("right"); }
    else cf.sound("done");
    quietUntil = performance.now() + RIGHT_MS;
    if (tasks.length) setTimeout(() => { if (!isWrong && !busy) show(); }, RIGHT_MS);
    else show();
  };
  const renew = work => {
    const later = id => Number(skipped.has(id));
    tasks = work.tasks.sort((a, b) => later(a.id) - later(b.id));
    ({ total, paper } = work);
  };
  const refresh = async () => {
    try {
      const answer = await fetch(root.dataset.tasks, { headers: { "HX-Request": "true" } });
      if (!answer.ok) return;
      const was = tasks[0]?.id;
      if (short || busy) return; // a person is in the middle of something: the next look will do
      renew(await answer.json());
      net(true);
      if (!isWrong && !busy && tasks[0]?.id !== was) show();
      else text("[data-count]", `${total - tasks.length} / ${total}`);
    } catch { net(false); }
  };

  const pause = ms => new Promise(resolve => { setTimeout(resolve, ms); });
  const ask = async (url, values) => {
    const body = new URLSearchParams(values);
    for (let turn = 0; ; turn += 1) {
      try {
        const answer = await fetch(url, {
          method: "POST", body, headers: { "X-CSRFToken": root.dataset.csrf, "HX-Request": "true" }, signal: AbortSignal.timeout(TIMEOUT_MS), redirect: "error",
        });
        if (answer.status === 204 || answer.status === 401 || answer.status === 403) return { kind: "signed_out" };
        if (answer.status < 500) { net(true); return answer.ok ? await answer.json() : { kind: "refused" }; }
      } catch { /* the network: the same scan again */ }
      net(false);
      say(words.retry, words.retry_hint, "ask");
      await pause(STEPS[Math.min(turn, STEPS.length - 1)]);
    }
  };
  const take = async (code, id) => {
    const task = tasks[0];
    if (!task || busy || performance.now() < quietUntil) return;
    if (isWrong || short) show();
    busy = true;
    say(words.asking);
    const verdict = await ask(root.dataset.scan, { allocation: task.id, text: code, scan: id });
    busy = false;
    if (verdict.kind === "right") finish();
    else if (STOP.has(verdict.kind)) wrong(verdict);
    else if (verdict.kind === "bin") { cf.sound("right"); one("[data-bin-ok]").hidden = false; ready(); }
    else if (verdict.kind === "which_lot") { wantsLot = true; ready(); cf.say(verdict.advice, { kind: "warn" }); }
    else if (verdict.kind === "gone") { cf.sound("wrong"); cf.say(`${verdict.title}：${verdict.advice}`, { kind: "warn" }); tasks.shift(); show(); refresh(); }
    else if (verdict.kind === "signed_out") { ready(); cf.say(words.signed_out, { kind: "stop", link: "/signin/", linkLabel: cf.words.sign_in }); }
    else { ready(); cf.say(words.server, { kind: "stop" }); }
  };

  /* Short or damaged: how many, on a pad for gloves; what will happen is written above the one button that does it. */
  const count = () => {
    const { what, task, units } = short, isShort = what === "short", { unit } = task;
    const least = isShort ? 0 : 1, most = isShort ? task.quantity - 1 : task.quantity;
    text("#pk-short-t", cf.fill(isShort ? words.how_many_left : words.how_many_bad, { unit }));
    text("[data-s=wanted]", cf.fill(words.wanted, { bin: task.bin, n: task.quantity, unit }));
    text("[data-s=count]", units);
    text("[data-s=unit]", ` ${unit}`);
    text("[data-s=then]", cf.fill(isShort ? words.then_short : words.then_bad, { n: units, left: task.quantity - units, unit }));
    text("[data-short-yes]", cf.fill(isShort ? (units ? words.only : words.none_left) : words.bad, { n: units, unit }));
    one("[data-short-yes]").disabled = units < least || units > most;
  };
  const openShort = what => {
    if (!tasks[0] || busy || isWrong) return;
    short = { what, task: tasks[0], units: what === "short" ? 0 : 1 };
    count();
    state("short");
    one("[data-view=short]").focus({ preventScroll: true });
  };
  const pad = key => {
    if (!short) return;
    if (key === "clear") short.units = 0;
    else if (key === "back") short.units = Math.floor(short.units / 10);
    else short.units = Math.min(short.units * 10 + Number(key), 99999);
    count();
  };
  const tellShort = async () => {
    if (!short || busy || one("[data-short-yes]").disabled) return;
    const { what, task, units } = short;
    busy = true;
    one("[data-short-yes]").disabled = true;
    const answer = await ask(root.dataset.shortUrl, { allocation: task.id, what, units, paper });
    busy = false;
    if (answer.kind === "signed_out") { count(); cf.say(words.signed_out, { kind: "stop", link: "/signin/", linkLabel: cf.words.sign_in }); return; }
    if (!answer.work) { count(); cf.say(words.not_told, { kind: "stop" }); return; }
    renew(answer.work);
    show();
    if (answer.kind !== "done") cf.sound("wrong");
    else cf.sound(tasks.length ? "right" : "done");
    cf.say(answer.text, { kind: answer.kind === "done" ? "" : "warn" });
  };
  document.addEventListener("keydown", e => {
    const opens = { F1: "short", F2: "damaged" }[e.key];
    if (opens) { e.preventDefault(); if (!short) openShort(opens); return; }
    if (!short || e.ctrlKey || e.metaKey || e.altKey || e.target.closest("input")) return;
    if (/^[0-9]$/.test(e.key)) pad(e.key);
    else if (e.key === "Backspace") pad("back");
    else if (e.key === "Escape") { e.preventDefault(); show(); }
    else if (e.key === "Enter" && !e.target.closest("button")) tellShort();
  });

  const dialog = one("[data-type-dialog]"), input = dialog.querySelector("input");
  document.addEventListener("cf:scan", e => { if (dialog.open) dialog.close(); take(e.detail.code, e.detail.id); });
  document.addEventListener("click", e => {
    if (e.target.closest("[data-skip],[data-skip-wrong]")) skip();
    if (e.target.closest("[data-again],[data-short-back]")) show();
    if (e.target.closest("[data-short]")) openShort(e.target.closest("[data-short]").dataset.short);
    if (e.target.closest("[data-pad]")) pad(e.target.closest("[data-pad]").dataset.pad);
    if (e.target.closest("[data-short-yes]")) tellShort();
    if (e.target.closest("[data-type]")) { input.value = ""; dialog.returnValue = ""; dialog.showModal(); input.focus(); }
  });
  dialog.addEventListener("close", () => {
    const code = input.value.trim();
    if (dialog.returnValue === "go" && code) take(code, crypto.randomUUID?.() ?? `${performance.now()}-${Math.random()}`);
    dialog.returnValue = "";
  });
  document.body.addEventListener("cf:refetch", refresh);
  addEventListener("offline", () => net(false));
  addEventListener("online", () => net(true));
  net(navigator.onLine);
  show();
})();
