"use strict";
/* A price table that grows: the button adds an empty row, and so does typing into the last one. */
(() => {
  const body = document.querySelector("[data-price-rows]");
  if (!body) return;
  const add = () => {
    const row = body.lastElementChild.cloneNode(true);
    row.querySelectorAll("input").forEach(input => { input.value = ""; });
    row.querySelector("select").selectedIndex = 0;
    body.append(row);
    return row;
  };
  document.querySelector("[data-price-add]").addEventListener("click", () => add().querySelector("input").focus());
  body.addEventListener("input", e => {
    if (e.target.closest("tr") === body.lastElementChild) add();
  });
})();
