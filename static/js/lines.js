"use strict";
/* Lines of a form that grow and go: what receiving, papers of the floor and lists of goods share. `changed` runs after every change. */
cf.lines = (form, changed) => {
  const box = form.querySelector("[data-lines]"), blank = form.querySelector("[data-line-blank]");
  const total = form.querySelector('[name="line-TOTAL_FORMS"]');
  const all = () => [...box.querySelectorAll("[data-line]")];
  const field = (line, name) => line.querySelector(`[name$="-${name}"]`);
  const renumber = () => {
    all().forEach((line, index) => {
      line.querySelector(".rl__n").textContent = index + 1;
      line.querySelectorAll("[name],[id],[for],[aria-describedby]").forEach(el => {
        for (const name of ["name", "id", "for", "aria-describedby"]) {
          const value = el.getAttribute(name);
          if (value) el.setAttribute(name, value.replace(/line-(\d+|__prefix__)-/g, `line-${index}-`));
        }
      });
    });
    total.value = all().length;
    changed();
  };
  const add = () => {
    const made = blank.content.firstElementChild.cloneNode(true);
    box.append(made);
    renumber();
    return made;
  };
  return { all, field, renumber, add };
};
