// Runs before anything is painted, so that no page flashes in the other colours.
(() => {
  try {
    const theme = localStorage.getItem("postern-theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // No storage: the system's colours.
  }
})();
