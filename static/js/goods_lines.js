"use strict";
/* Lines of a paper: goods and how many. A scan fills the empty last line or makes a new one; the same goods again: as many more as lie
   behind the code. What a scan means is said by the server. */
(() => {
  const form = document.querySelector("[data-goods-lines]");
  if (!form) return;
  const { all: lines, field, renumber, add } = cf.lines(form, () => sum());
  const units = line => parseInt(field(line, "quantity").value, 10) || 0;

  const sum = () => {
    const all = lines().reduce((count, line) => count + units(line), 0), told = form.querySelector("[data-lines-sum]");
    told.textContent = all ? cf.fill(told.dataset.linesSum, { n: all.toLocaleString("zh-CN") }) : "";
  };
  const take = found => {
    const same = lines().find(line => field(line, "goods").value.trim() === found.code);
    if (same) field(same, "quantity").value = units(same) + found.units;
    else {
      const last = lines().at(-1), line = last && !field(last, "goods").value.trim() && !units(last) ? last : add();
      field(line, "goods").value = found.code;
      field(line, "quantity").value = found.units;
      line.querySelector("[data-line-name]").textContent = found.name;
    }
    sum();
  };

  let queue = Promise.resolve();
  document.addEventListener("cf:scan", e => {
    queue = queue.then(async () => {
      try {
        const answer = await fetch(`${form.dataset.read}?${new URLSearchParams({ text: e.detail.code })}`, { headers: { "HX-Request": "true" } });
        if (!answer.ok) throw new Error(String(answer.status));
        const found = await answer.json();
        if (found.kind === "goods") take(found);
        else cf.say(found.text, { kind: "stop" });
      } catch { cf.say(cf.words.net_failed, { kind: "stop" }); }
    });
  });
  form.addEventListener("click", e => {
    if (e.target.closest("[data-line-add]")) field(add(), "goods").focus();
    const remove = e.target.closest("[data-line-remove]");
    if (!remove) return;
    if (lines().length > 1) remove.closest("[data-line]").remove();
    else lines()[0].querySelectorAll("input").forEach(input => { input.value = ""; });
    renumber();
  });
  form.addEventListener("input", sum);
  if (!lines().length) add();
  renumber();
})();
