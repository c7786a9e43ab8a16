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
  let { tasks, total } = read("pick-work"), busy = false, isWrong = false, wantsLot = false, quietUntil = 0;
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
  const refresh = async () => {
    try {
      const answer = await fetch(root.dataset.tasks, { headers: { "HX-Request": "true" } });
      if (!answer.ok) return;
      const work = await answer.json(), was = tasks[0]?.id;
      const later = id => Number(skipped.has(id));
      tasks = work.tasks.sort((a, b) => later(a.id) - later(b.id));
      total = work.total;
      net(true);
      if (!isWrong && !busy && tasks[0]?.id !== was) show();
      else text("[data-count]", `${total - tasks.length} / ${total}`);
    } catch { net(false); }
  };

  const pause = ms => new Promise(resolve => { setTimeout(resolve, ms); });
  const ask = async (task, code, id) => {
    const body = new URLSearchParams({ allocation: task.id, text: code, scan: id });
    for (let turn = 0; ; turn += 1) {
      try {
        const answer = await fetch(root.dataset.scan, {
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
    if (isWrong) show();
    busy = true;
    say(words.asking);
    const verdict = await ask(task, code, id);
    busy = false;
    if (verdict.kind === "right") finish();
    else if (STOP.has(verdict.kind)) wrong(verdict);
    else if (verdict.kind === "bin") { cf.sound("right"); one("[data-bin-ok]").hidden = false; ready(); }
    else if (verdict.kind === "which_lot") { wantsLot = true; ready(); cf.say(verdict.advice, { kind: "warn" }); }
    else if (verdict.kind === "gone") { cf.sound("wrong"); cf.say(`${verdict.title}：${verdict.advice}`, { kind: "warn" }); tasks.shift(); show(); refresh(); }
    else if (verdict.kind === "signed_out") { ready(); cf.say(words.signed_out, { kind: "stop", link: "/signin/", linkLabel: cf.words.sign_in }); }
    else { ready(); cf.say(words.server, { kind: "stop" }); }
  };

  const dialog = one("[data-type-dialog]"), input = dialog.querySelector("input");
  document.addEventListener("cf:scan", e => { if (dialog.open) dialog.close(); take(e.detail.code, e.detail.id); });
  document.addEventListener("click", e => {
    if (e.target.closest("[data-skip],[data-skip-wrong]")) skip();
    if (e.target.closest("[data-again]")) show();
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
