// Draws the figures that the server has put beside each chart, in the colours of the theme.
const CONFIG = {
  responsive: true,
  displaylogo: false,
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
};

function inTheme(layout) {
  const style = getComputedStyle(document.documentElement);
  const [text, faint, grid, panel] = ["--text", "--faint", "--line", "--panel"].map((name) =>
    style.getPropertyValue(name).trim(),
  );
  const themed = structuredClone(layout);
  themed.font = { ...themed.font, color: text };
  themed.modebar = { bgcolor: "transparent", color: faint, activecolor: text };
  themed.hoverlabel = { bgcolor: panel, bordercolor: grid, font: { color: text } };
  for (const name of Object.keys(themed).filter((key) => /^[xy]axis/.test(key))) {
    Object.assign(themed[name], { gridcolor: grid, linecolor: grid, tickcolor: grid });
    if (themed[name].title) themed[name].title.font = { color: faint, size: 11 };
  }
  return themed;
}

function draw() {
  for (const chart of document.querySelectorAll(".chart")) {
    const { data, layout } = JSON.parse(chart.querySelector("script").textContent);
    const config = { ...CONFIG, toImageButtonOptions: { filename: chart.dataset.name } };
    let plot = chart.querySelector(".plot");
    if (!plot) {
      plot = document.createElement("div");
      plot.className = "plot";
      chart.append(plot);
    }
    Plotly.react(plot, data, inTheme(layout), config);
  }
  document.documentElement.dataset.drawn = "yes";
}

draw();
document.addEventListener("theme", draw);
