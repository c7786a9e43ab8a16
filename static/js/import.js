"use strict";
/* Import: a file dropped anywhere on the zone is the chosen file; a changed column says that a person chose it. */
(() => {
  const zone = document.querySelector("[data-drop]");
  if (zone) {
    const input = zone.querySelector("input[type=file]"), name = zone.querySelector("[data-name]");
    const show = () => { if (input.files.length) name.textContent = input.files[0].name; };
    const over = on => e => { e.preventDefault(); zone.classList.toggle("is-over", on); };
    zone.addEventListener("dragenter", over(true));
    zone.addEventListener("dragover", over(true));
    zone.addEventListener("dragleave", over(false));
    zone.addEventListener("drop", e => {
      over(false)(e);
      if (!e.dataTransfer.files.length) return;
      input.files = e.dataTransfer.files;
      show();
    });
    input.addEventListener("change", show);
  }

  // What would be invented is said beside the box that does it; without goods of its own a file has no opening stock
  const invented = document.querySelector("[data-invented]");
  if (invented) {
    const box = name => invented.querySelector(`[name=${name}]`);
    const tell = () => {
      const stock = box("opening_stock");
      stock.disabled = !box("create_skus").checked;
      if (stock.disabled) stock.checked = false;
      invented.querySelectorAll("[data-when]").forEach(text => { text.hidden = !box(text.dataset.when).checked; });
      invented.querySelectorAll("[data-unless]").forEach(text => { text.hidden = box(text.dataset.unless).checked; });
    };
    invented.addEventListener("change", tell);
    tell();
  }

  document.querySelector("[data-mapping]")?.addEventListener("change", e => {
    const select = e.target.closest("select[data-first]");
    if (!select) return;
    const kind = !select.value ? "unused" : select.value === select.dataset.first ? "known" : "chosen";
    select.closest("tr").querySelectorAll("[data-badge]").forEach(badge => { badge.hidden = badge.dataset.badge !== kind; });
  });
})();
