// The theme: the system's, unless one was chosen. Runs before the first paint.
{
  const NAME = "callstore.theme";
  const read = () => {
    try {
      return localStorage.getItem(NAME);
    } catch {
      return null; // Storage is blocked.
    }
  };
  const show = (theme) => {
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  };

  window.callstoreTheme = {
    /** "light", "dark" or "system". */
    get: () => document.documentElement.dataset.theme ?? "system",
    /** Shows a theme and remembers it. Charts and waveforms listen for the event to draw themselves anew. */
    set(theme) {
      show(theme);
      try {
        if (theme === "system") localStorage.removeItem(NAME);
        else localStorage.setItem(NAME, theme);
      } catch {
        // Then it lasts as long as the page.
      }
      window.dispatchEvent(new Event("themechange"));
    },
  };
  show(read());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => window.dispatchEvent(new Event("themechange")));
}
