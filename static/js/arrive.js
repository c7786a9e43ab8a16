"use strict";
/* Goods off the road: a scan of goods with their lot counts one up (a code for many: as many), a scan of a bin says where they go.
   "All" fills what is on the road. What a scan means is said by the server. */
(() => {
  const form = document.querySelector("[data-arrive]");
  if (!form) return;
  const rows = [...form.querySelectorAll("[data-lot]")];
  const came = row => row.querySelector("[data-came]"), lost = row => row.querySelector("[data-lost]");
  const number = input => parseInt(input.value, 10) || 0;
  const paint = () => rows.forEach(row => {
    const left = Number(row.dataset.units) - number(came(row)) - number(lost(row));
    row.classList.toggle("is-over", left < 0);
    row.classList.toggle("is-all", left === 0);
  });
  const fill = row => { came(row).value = Number(row.dataset.units) - number(lost(row)); paint(); };
  const take = found => {
    const mine = rows.filter(row => row.dataset.sku === found.code && (!found.lot || row.dataset.lot === found.lot));
    const row = mine.find(one => number(came(one)) + number(lost(one)) < Number(one.dataset.units)) || mine[0];
    if (!row) { cf.sound("wrong"); return cf.say(cf.fill(form.dataset.strange, { code: `${found.code} ${found.lot}`.trim() }), { kind: "stop" }); }
    came(row).value = number(came(row)) + found.units;
    cf.sound("right");
    row.scrollIntoView({ block: "nearest" });
    paint();
  };
  let queue = Promise.resolve();
  document.addEventListener("cf:scan", e => {
    queue = queue.then(async () => {
      try {
        const asked = new URLSearchParams({ text: e.detail.code, facility: form.dataset.facility });
        const answer = await fetch(`${form.dataset.read}?${asked}`, { headers: { "HX-Request": "true" } });
        if (!answer.ok) throw new Error(String(answer.status));
        const found = await answer.json();
        if (found.kind === "goods") take(found);
        else if (found.kind === "bin") { form.querySelector('[name="bin"]').value = found.code; cf.sound("right"); }
        else { cf.sound("wrong"); cf.say(found.text, { kind: "stop" }); }
      } catch { cf.say(cf.words.net_failed, { kind: "stop" }); }
    });
  });
  form.addEventListener("click", e => {
    if (e.target.closest("[data-all-lots]")) rows.forEach(fill);
    else if (e.target.closest("[data-all]")) fill(e.target.closest("[data-lot]"));
  });
  form.addEventListener("input", paint);
  paint();
})();
