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

  document.querySelector("[data-mapping]")?.addEventListener("change", e => {
    const select = e.target.closest("select[data-first]");
    if (!select) return;
    const kind = !select.value ? "unused" : select.value === select.dataset.first ? "known" : "chosen";
    select.closest("tr").querySelectorAll("[data-badge]").forEach(badge => { badge.hidden = badge.dataset.badge !== kind; });
  });
})();
