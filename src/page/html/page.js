"use strict";
// Tables that are sorted and filtered, charts that are saved. Nothing is asked of anywhere.

/** Steps of the units of one kind of quantity. */
const STEPS = {
  ns: 1e-9, "µs": 1e-6, ms: 1e-3, s: 1, min: 60, h: 3600,
  B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12,
};

/** The number that a cell begins with, in the smallest unit of its kind; NaN if there is none. */
function quantity(text) {
  const found = text.match(/^[^\d–-]{0,2}([-−]?[\d,]*\.?\d+)\s*([a-zµ]+)?/i);
  if (!found) return NaN;
  const number = Number(found[1].replace("−", "-").replaceAll(",", ""));
  return number * (STEPS[found[2]] ?? 1);
}

/** Compares two cells: by number if both have one. Cells without one come last either way. */
function order(a, b, down) {
  const [x, y] = [quantity(a), quantity(b)];
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
  const by = Number.isNaN(x) ? a.localeCompare(b, "en", { numeric: true }) : x - y;
  return down ? -by : by;
}

function sortBy(table, heading) {
  const column = [...heading.parentNode.children].indexOf(heading);
  const down = heading.getAttribute("aria-sort") === "ascending";
  for (const other of table.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  const text = (row) => row.children[column].textContent.trim();
  const named = !heading.classList.contains("number");
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) =>
    named
      ? (down ? -1 : 1) * text(a).localeCompare(text(b), "en", { numeric: true })
      : order(text(a), text(b), down));
  table.tBodies[0].append(...rows);
}

function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

for (const place of document.querySelectorAll(".table")) {
  const table = place.querySelector("table");
  const rows = [...table.tBodies[0].rows];
  if (rows.length > 1) {
    for (const heading of table.querySelectorAll("thead th")) {
      const button = make("button", { type: "button" }, ...heading.childNodes);
      button.addEventListener("click", () => sortBy(table, heading));
      heading.append(button);
    }
  }
  if ("filter" in place.dataset) {
    const input = make("input", { type: "search" });
    const shown = make("span", { role: "status" });
    const filter = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      const holds = (row) => words.every((word) => row.textContent.toLowerCase().includes(word));
      for (const row of rows) row.hidden = !holds(row);
      const left = rows.filter((row) => !row.hidden).length;
      shown.textContent = words.length ? `${left} of ${rows.length} rows` : "";
    };
    input.addEventListener("input", filter);
    place.before(make("div", { class: "filter" }, make("label", {}, "Rows with ", input), shown));
  }
}

function download(blob, name) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

for (const figure of document.querySelectorAll("figure")) {
  const svg = figure.querySelector("svg");
  const text = () => new Blob([new XMLSerializer().serializeToString(svg)], { type: "image/svg+xml" });
  const png = () => {
    const image = new Image();
    image.onload = () => {
      const canvas = make("canvas", { width: 2 * image.width, height: 2 * image.height });
      const context = canvas.getContext("2d");
      context.drawImage(image, 0, 0, canvas.width, canvas.height);
      URL.revokeObjectURL(image.src);
      canvas.toBlob((blob) => download(blob, `${figure.dataset.name}.png`));
    };
    image.src = URL.createObjectURL(text());
  };
  const button = (label, act) => {
    const made = make("button", { type: "button" }, label);
    made.addEventListener("click", act);
    return made;
  };
  figure.append(make("div", { class: "save" },
    button("Save as SVG", () => download(text(), `${figure.dataset.name}.svg`)),
    button("Save as PNG", png)));
}

// What is folded is printed too.
addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
});
