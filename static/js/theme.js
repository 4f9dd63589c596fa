// Loaded before anything is painted, so that a chosen theme never flashes. No choice: the system decides.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const shown = () => root.dataset.theme || (system.matches ? "dark" : "light");

  function show(theme) {
    if (theme === "dark" || theme === "light") root.dataset.theme = theme;
    else delete root.dataset.theme;
  }

  function remembered() {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // storage is switched off
    }
  }

  function remember(theme) {
    try {
      if (theme) localStorage.setItem("theme", theme);
      else localStorage.removeItem("theme");
    } catch {
      // the choice lasts for this page only
    }
  }

  // Choosing what the system says anyway is choosing to follow it.
  function toggle() {
    const wanted = shown() === "dark" ? "light" : "dark";
    const followsSystem = wanted === (system.matches ? "dark" : "light");
    remember(followsSystem ? null : wanted);
    show(followsSystem ? null : wanted);
  }

  show(remembered());
  addEventListener("storage", (event) => event.key === "theme" && show(event.newValue));
  addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll(".theme-toggle")) {
      const tell = () => button.setAttribute("aria-pressed", String(shown() === "dark"));
      button.hidden = false;
      button.addEventListener("click", () => (toggle(), tell()));
      system.addEventListener("change", tell);
      tell();
    }
  });
})();
