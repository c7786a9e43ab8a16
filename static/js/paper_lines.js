"use strict";
/* Lines of a paper: bin moves, adjustments. A scan goes where it fits: goods into the last line, a bin into its first empty bin field; a
   line that is whole gives way to a new one. What a scan means is said by the server. */
(() => {
  const form = document.querySelector("[data-paper]");
  if (!form) return;
  const { all: lines, field, renumber, add } = cf.lines(form, () => sum());
  const BINS = ["from_bin", "bin", "to_bin"];
  const fields = line => [...line.querySelectorAll("input, select")];
  const binFields = line => BINS.map(name => field(line, name)).filter(Boolean);
  const isWhole = line => field(line, "goods").value.trim() && binFields(line).every(one => one.value.trim());

  const sum = () => {
    const units = lines().reduce((all, line) => all + Math.abs(parseInt(field(line, "quantity").value, 10) || 0), 0);
    const told = form.querySelector("[data-lines-sum]");
    told.textContent = units ? cf.fill(told.dataset.linesSum, { n: units.toLocaleString("zh-CN") }) : "";
  };
  const last = () => {
    const line = lines().at(-1);
    return line && !isWhole(line) ? line : add();
  };
  const takeGoods = found => {
    const same = lines().at(-1);
    if (same && field(same, "goods").value === found.code && field(same, "lot").value === found.lot) {
      field(same, "quantity").value = (parseInt(field(same, "quantity").value, 10) || 0) + 1;
    } else {
      const open = last(), line = field(open, "goods").value.trim() ? add() : open;
      field(line, "goods").value = found.code;
      field(line, "lot").value = found.lot;
      if (field(line, "expires_on")) field(line, "expires_on").value = found.expires_on;
      if (!field(line, "quantity").value) field(line, "quantity").value = 1;
      line.querySelector("[data-line-name]").textContent = found.name;
    }
    sum();
  };
  const takeBin = found => {
    const line = last(), open = binFields(line).find(one => !one.value.trim());
    if (open) open.value = found.code;
  };

  form.dataset.scanForm = ""; // whichever field has the focus, a scan here is goods or a bin
  let queue = Promise.resolve();
  document.addEventListener("cf:scan", e => {
    queue = queue.then(async () => {
      const facility = form.querySelector('[name="facility"]').value;
      try {
        const answer = await fetch(`${form.dataset.read}?${new URLSearchParams({ text: e.detail.code, facility })}`, { headers: { "HX-Request": "true" } });
        if (!answer.ok) throw new Error(String(answer.status));
        const found = await answer.json();
        if (found.kind === "goods") takeGoods(found);
        else if (found.kind === "bin") takeBin(found);
        else cf.say(found.text, { kind: "stop" });
      } catch { cf.say(cf.words.net_failed, { kind: "stop" }); }
    });
  });
  form.addEventListener("click", e => {
    if (e.target.closest("[data-line-add]")) fields(add())[0].focus();
    const remove = e.target.closest("[data-line-remove]");
    if (remove) {
      if (lines().length > 1) remove.closest("[data-line]").remove();
      else fields(lines()[0]).forEach(one => { one.value = ""; });
      renumber();
    }
  });
  form.addEventListener("input", sum);
  renumber();
})();
