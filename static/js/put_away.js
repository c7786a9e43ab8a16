"use strict";
/* Put-away by hand. A scan of goods chooses the card, a scan of a bin moves its units there; each card has a token of its own, so that a
   scan sent again counts once. Wrong: the whole screen is red until somebody taps or scans again. */
(() => {
  const root = document.querySelector("[data-put-away]");
  if (!root) return;
  const read = id => JSON.parse(document.getElementById(id).textContent);
  const words = read("pa-words"), one = selector => document.querySelector(selector);
  const STEPS = [400, 800, 1600, 3000, 5000], TIMEOUT_MS = 10000;
  let { tasks, token } = read("pa-work"), busy = false, isWrong = false, isChosen = false, quantity = 0;

  const state = name => { if (name) document.documentElement.dataset.state = name; else delete document.documentElement.dataset.state; };
  const text = (selector, value) => { one(selector).textContent = value; };
  const net = isOk => { one("[data-net]").classList.toggle("is-off", !isOk); text("[data-net] span", isOk ? words.saved : words.offline); };
  const say = (main, hint = "", kind = "") => {
    one("[data-say]").classList.toggle("is-right", kind === "right");
    one("[data-say]").classList.toggle("is-ask", kind === "ask");
    text("[data-say-text]", main);
    text("[data-say-hint]", hint);
  };
  const ready = () => say(isChosen ? words.scan_bin : words.scan_goods, isChosen ? tasks[0].to : "", isChosen ? "right" : "");
  const units = value => {
    const task = tasks[0];
    quantity = Math.min(task.quantity, Math.max(1, value));
    text("[data-f=quantity]", quantity);
    one("[data-f=quantity]").parentElement.dataset.long = String(String(quantity).length > 2);
    one("[data-less]").disabled = quantity <= 1;
    one("[data-more]").disabled = quantity >= task.quantity;
  };
  const show = () => {
    const task = tasks[0];
    isWrong = false;
    state("");
    text("[data-count]", tasks.length ? cf.fill(words.left, { n: tasks.length }) : "");
    one("[data-view=task]").hidden = !task;
    one("[data-view=done]").hidden = Boolean(task);
    if (!task) return;
    for (const name of ["to", "why", "name", "code", "lot", "expires_on", "from", "unit"]) text(`[data-f=${name}]`, task[name]);
    one("[data-f=to]").parentElement.dataset.long = String(task.to.length > 10);
    one("[data-f=lot]").dataset.long = String(task.lot.length > 12);
    units(quantity && isChosen ? quantity : task.quantity);
    one("[data-skip]").disabled = tasks.length < 2;
    ready();
  };
  const wrong = verdict => {
    isWrong = true;
    text("[data-w=title]", verdict.title);
    text("[data-w=advice]", verdict.advice);
    state("wronglot");
    cf.sound("wrong");
    one("[data-again]").focus({ preventScroll: true });
  };
  const choose = id => {
    const at = tasks.findIndex(task => task.id === id);
    if (at > 0) tasks.unshift(...tasks.splice(at, 1));
    isChosen = true;
    quantity = 0;
    cf.sound("right");
    show();
  };
  const renew = work => { ({ tasks, token } = work); isChosen = false; quantity = 0; };

  const pause = ms => new Promise(resolve => { setTimeout(resolve, ms); });
  const ask = async code => {
    const task = isChosen ? tasks[0].id : "";
    const body = new URLSearchParams({ text: code, task, quantity: String(quantity), token });
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
  const take = async code => {
    if (!tasks.length || busy) return;
    if (isWrong) show();
    busy = true;
    say(words.asking);
    const verdict = await ask(code);
    busy = false;
    if (verdict.kind === "goods") choose(verdict.task);
    else if (verdict.kind === "done") {
      renew(verdict.work);
      cf.sound(tasks.length ? "right" : "done");
      cf.say(verdict.text, { kind: "done" });
      show();
    } else if (verdict.kind === "which_lot") { ready(); cf.sound("wrong"); cf.say(verdict.text, { kind: "warn" }); }
    else if (verdict.kind === "wrong") wrong(verdict);
    else if (verdict.kind === "signed_out") { ready(); cf.say(words.signed_out, { kind: "stop", link: "/signin/", linkLabel: cf.words.sign_in }); }
    else { ready(); cf.say(words.server, { kind: "stop" }); }
  };
  const refresh = async () => {
    if (busy || isChosen || isWrong) return;
    try {
      const answer = await fetch(root.dataset.tasks, { headers: { "HX-Request": "true" } });
      if (!answer.ok) return;
      const work = await answer.json();
      net(true);
      if (!busy && !isChosen && !isWrong) { renew(work); show(); }
    } catch { net(false); }
  };

  const dialog = one("[data-type-dialog]"), input = dialog.querySelector("input");
  document.addEventListener("cf:scan", e => { if (dialog.open) dialog.close(); take(e.detail.code); });
  document.addEventListener("click", e => {
    if (e.target.closest("[data-skip]") && !busy && tasks.length > 1) { tasks.push(tasks.shift()); isChosen = false; quantity = 0; show(); }
    if (e.target.closest("[data-less]") && tasks.length) units(quantity - 1);
    if (e.target.closest("[data-more]") && tasks.length) units(quantity + 1);
    if (e.target.closest("[data-again]")) show();
    if (e.target.closest("[data-type]")) { input.value = ""; dialog.returnValue = ""; dialog.showModal(); input.focus(); }
  });
  dialog.addEventListener("close", () => {
    const code = input.value.trim();
    if (dialog.returnValue === "go" && code) take(code);
    dialog.returnValue = "";
  });
  document.body.addEventListener("cf:refetch", refresh);
  addEventListener("offline", () => net(false));
  addEventListener("online", () => net(true));
  net(navigator.onLine);
  show();
})();
