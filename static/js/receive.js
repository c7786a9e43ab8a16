"use strict";
/* Lines of a delivery. A scan of goods fills the empty last line or makes a new one (the same goods and lot again: one more, or as many
   as lie behind the code); a serial number is a line of its own, and scanned once. A scan of a bin goes to the last line. What a scan
   means is said by the server. Against a purchase order, what came now is counted up beside what is expected. */
(() => {
  const form = document.querySelector("[data-receive]");
  if (!form) return;
  const { all: lines, field, renumber, add: append } = cf.lines(form, () => sum());
  const add = () => {
    const last = lines().at(-1), made = append();
    if (last) field(made, "bin").value = field(last, "bin").value;
    return made;
  };
  const isBlank = line => ["goods", "lot", "quantity", "expires_on", "produced_on", "supplier_lot"].every(name => !field(line, name).value.trim());

  const sum = () => {
    const units = lines().reduce((all, line) => all + (parseInt(field(line, "quantity").value, 10) || 0), 0);
    const told = form.querySelector("[data-lines-sum]");
    told.textContent = units ? cf.fill(told.dataset.linesSum, { n: units.toLocaleString("zh-CN") }) : "";
    countUp();
  };
  const expected = [...form.querySelectorAll("[data-expect]")];
  const countUp = () => expected.forEach(row => {
    const mine = lines().filter(line => field(line, "goods").value.trim() === row.dataset.expect);
    const now = mine.reduce((all, line) => all + (parseInt(field(line, "quantity").value, 10) || 0), 0);
    const left = Number(row.dataset.openUnits) - now, told = row.querySelector("[data-expect-left]");
    row.querySelector("[data-expect-now]").textContent = now.toLocaleString("zh-CN");
    told.textContent = left < 0 ? cf.fill(told.dataset.over, { n: (-left).toLocaleString("zh-CN") }) : left.toLocaleString("zh-CN");
    told.classList.toggle("c-stop", left < 0);
    told.classList.toggle("c-done", left === 0);
  });
  const fill = row => {
    const last = lines().at(-1), line = last && isBlank(last) ? last : add();
    field(line, "goods").value = row.dataset.expect;
    const left = Number(row.dataset.openUnits) - (parseInt(row.querySelector("[data-expect-now]").textContent.replace(/\D/g, ""), 10) || 0);
    field(line, "quantity").value = row.dataset.serial ? 1 : Math.max(1, left);
    sum();
    field(line, "lot").focus();
  };
  const put = (line, found) => {
    field(line, "goods").value = found.code;
    field(line, "lot").value = found.lot;
    field(line, "expires_on").value = found.expires_on;
    field(line, "produced_on").value = found.produced_on;
    field(line, "quantity").value = found.units;
    line.querySelector("[data-line-name]").textContent = found.name;
  };
  const take = found => {
    const same = found.lot && lines().find(line => field(line, "goods").value === found.code && field(line, "lot").value === found.lot);
    if (same && found.is_serial) return cf.say(cf.fill(form.dataset.twice, { code: found.lot }), { kind: "stop" });
    if (same) field(same, "quantity").value = (parseInt(field(same, "quantity").value, 10) || 0) + found.units;
    else {
      const last = lines().at(-1);
      put(last && isBlank(last) ? last : add(), found);
    }
    sum();
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
        if (found.kind === "goods") take(found);
        else if (found.kind === "bin") { const last = lines().at(-1); if (last) field(last, "bin").value = found.code; }
        else cf.say(found.text, { kind: "stop" });
      } catch { cf.say(cf.words.net_failed, { kind: "stop" }); }
    });
  });
  form.addEventListener("click", e => {
    if (e.target.closest("[data-line-add]")) field(add(), "goods").focus();
    const wanted = e.target.closest("[data-expect-fill]");
    if (wanted) fill(wanted.closest("[data-expect]"));
    const remove = e.target.closest("[data-line-remove]");
    if (remove) {
      if (lines().length > 1) remove.closest("[data-line]").remove();
      else ["goods", "lot", "produced_on", "expires_on", "supplier_lot", "quantity", "bin"].forEach(name => { field(lines()[0], name).value = ""; });
      renumber();
    }
  });
  form.addEventListener("input", sum);
  renumber();
})();
