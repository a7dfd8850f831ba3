// Light or dark as Airflow's page around this one, or as the browser, before anything is drawn.
function airflowRoot() {
  try {
    return window.parent === window ? null : window.parent.document.documentElement;
  } catch {
    return null; // a page from elsewhere
  }
}

function chooseTheme() {
  const root = airflowRoot();
  const isDark = root ? root.classList.contains("dark") : matchMedia("(prefers-color-scheme: dark)").matches;
  const theme = isDark ? "dark" : "light";
  if (document.documentElement.dataset.theme !== theme) {
    document.documentElement.dataset.theme = theme;
    document.dispatchEvent(new Event("theme"));
  }
}

chooseTheme();
if (airflowRoot()) {
  new MutationObserver(chooseTheme).observe(airflowRoot(), { attributeFilter: ["class"] });
} else {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", chooseTheme);
}
