"use strict";
// Runs before the style sheets, so that a dark page never flashes white.
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const saved = () => {
    try { return localStorage.getItem("cf-theme") || ""; } catch { return ""; }
  };
  const apply = () => {
    const root = document.documentElement;
    root.dataset.bsTheme = saved() || (system.matches ? "dark" : "light");
    root.dataset.themeChoice = saved();
    document.dispatchEvent(new CustomEvent("cf:theme"));
  };
  system.addEventListener("change", apply);
  addEventListener("storage", e => { if (e.key === "cf-theme") apply(); });
  document.addEventListener("cf:theme-set", e => {
    try {
      if (e.detail) localStorage.setItem("cf-theme", e.detail);
      else localStorage.removeItem("cf-theme");
    } catch { /* private mode: the choice lasts as long as the page */ }
    apply();
  });
  apply();
})();
