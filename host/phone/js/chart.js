// Curves over time, drawn as SVG: each with its own dash, so that colour is not needed to tell
// them apart. A gap in the recording is a gap in the line.

const NS = "http://www.w3.org/2000/svg";
const WIDTH = 360;
const HEIGHT = 200;
const LEFT = 4;
const DASHES = ["", "6 3", "2 3", "8 3 2 3"];

function svg(name, attributes, ...children) {
  const element = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** @param {HTMLElement} element @param {Record<string, any>} node */
export function drawChart(element, node) {
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": node.label ?? "" });
  const from = node.from ?? 0;
  const span = Math.max(1, node.to - from);
  const x = (s) => LEFT + ((s - from) / span) * (WIDTH - 2 * LEFT);
  for (let i = 0; i <= 4; i += 1) {
    const y = 10 + (i * (HEIGHT - 20)) / 4;
    picture.append(svg("line", { x1: LEFT, x2: WIDTH - LEFT, y1: y, y2: y, class: "grid" }));
  }
  node.curves.forEach((curve, i) => {
    // What does not change runs through the middle.
    const flat = curve.high === curve.low ? 1 : 0;
    const low = curve.low - flat;
    const high = curve.high + flat;
    const y = (value) => 10 + (1 - (value - low) / (high - low)) * (HEIGHT - 20);
    let path = "";
    let last = null;
    for (const [s, value] of curve.points) {
      if (value === null) {
        last = null;
        continue;
      }
      path += `${last === null || s - last > node.gap ? "M" : "L"}${x(s).toFixed(1)} ${y(value).toFixed(1)}`;
      last = s;
    }
    picture.append(svg("path", { d: path, class: `curve c${i}`, "stroke-dasharray": DASHES[i % DASHES.length] }));
  });
  const legend = document.createElement("ul");
  node.curves.forEach((curve, i) => {
    const item = document.createElement("li");
    const mark = svg("svg", { viewBox: "0 0 24 8", class: "mark", "aria-hidden": "true" },
      svg("path", { d: "M0 4L24 4", class: `curve c${i}`, "stroke-dasharray": DASHES[i % DASHES.length] }));
    const text = document.createElement("span");
    text.textContent = curve.text;
    item.append(mark, text);
    legend.append(item);
  });
  element.replaceChildren(picture, legend);
  element.dataset.testid = node.key;
}
