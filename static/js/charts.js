// Draws the tables of charts. A page's figures are in its tables; this only reads them. Where a panel is swapped, the
// canvas that is already there moves into the new one, so that nothing flickers and the pointer stays where it is.

const charts = new Map(); // id of the box -> its chart
const still = matchMedia("(prefers-reduced-motion: reduce)");
const INKS = 6;

// Colours are those of the style sheet, light or dark: an element that wears one tells it.
function colour(box, name) {
  const probe = document.createElement("i");
  probe.className = name;
  box.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function read(box) {
  const table = document.getElementById(box.dataset.table);
  const columns = box.dataset.columns.split(",").map(Number);
  const heads = [...table.tHead.rows[0].cells].slice(1).map((cell) => cell.textContent.trim());
  const rows = [...table.tBodies[0].rows].map((row) => ({
    label: row.cells[0].textContent.trim(),
    cells: columns.map((column) => row.cells[column + 1]),
  }));
  return {
    labels: rows.map((row) => row.label),
    series: columns.map((column, place) => ({
      label: heads[column],
      data: rows.map((row) => (row.cells[place].dataset.number ? Number(row.cells[place].dataset.number) : null)),
      texts: rows.map((row) => row.cells[place].textContent.trim()),
    })),
  };
}

function datasetsOf(box, series) {
  return series.map((one, place) => {
    const ink = colour(box, `chart-ink-${1 + (place % INKS)}`);
    return { ...one, backgroundColor: ink, borderColor: ink, borderWidth: box.dataset.chart === "line" ? 2 : 0 };
  });
}

function optionsOf(box, several) {
  const { chart: kind, unit } = box.dataset;
  const [text, line] = [colour(box, "chart-text"), colour(box, "chart-line")];
  const numbers = { beginAtZero: true, title: { display: Boolean(unit), text: unit, color: text } };
  const names = { grid: { display: false } };
  const axis = (own) => ({ stacked: kind === "stacked", ticks: { color: text }, border: { color: line }, ...own });
  const ruled = { ...numbers, grid: { color: line } };
  return {
    animation: still.matches ? false : { duration: 250 },
    indexAxis: kind === "across" ? "y" : "x",
    maintainAspectRatio: false,
    interaction: { mode: "index", axis: kind === "across" ? "y" : "x", intersect: false },
    scales: { x: axis(kind === "across" ? ruled : names), y: axis(kind === "across" ? names : ruled) },
    plugins: {
      legend: { display: several, labels: { color: text, boxWidth: 12 } },
      tooltip: { callbacks: { label: ({ dataset, dataIndex }) => `${dataset.label}: ${dataset.texts[dataIndex]}` } },
    },
  };
}

function draw(box) {
  const { labels, series } = read(box);
  const data = { labels, datasets: datasetsOf(box, series) };
  const options = optionsOf(box, series.length > 1 || "named" in box.dataset);
  const known = charts.get(box.id);
  if (known) {
    if (known.canvas.parentNode !== box) box.append(known.canvas);
    known.data.labels = labels;
    known.data.datasets = data.datasets.map((one, place) => Object.assign(known.data.datasets[place] ?? {}, one));
    known.options = options;
    known.update();
    return;
  }
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${box.dataset.label}: ${series.map((one) => one.label).join(", ")}`);
  box.append(canvas);
  const type = box.dataset.chart === "line" ? "line" : "bar";
  charts.set(box.id, new Chart(canvas, { type, data, options }));
}

function drawAll() {
  const boxes = [...document.querySelectorAll("[data-chart]")];
  const here = new Set(boxes.map((box) => box.id));
  for (const [id, chart] of charts) if (!here.has(id)) (chart.destroy(), charts.delete(id));
  boxes.forEach(draw);
}

Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
drawAll();
document.addEventListener("htmx:oobAfterSwap", ({ detail: { target } }) => target.id === "panel-analytics" && drawAll());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ["data-theme"] });
