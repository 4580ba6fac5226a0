// The cells of the pack: a bar, a number and a word each; the highest and the lowest named.

/** @param {HTMLElement} element @param {Record<string, any>} node */
export function drawCells(element, node) {
  const span = Math.max(1, node.to - (node.from ?? 0));
  while (element.children.length > node.texts.length) element.lastChild.remove();
  node.texts.forEach((text, i) => {
    const cell = element.children[i] ?? element.appendChild(newCell());
    const [number, bar, value, words] = cell.children;
    const told = [];
    if (node.high === i + 1) told.push(`▲ ${node.words.high}`);
    if (node.low === i + 1) told.push(`▼ ${node.words.low}`);
    if (node.balanced?.includes(i + 1)) told.push(`⇄ ${node.words.balanced}`);
    if (node.wires?.includes(i + 1)) told.push(`✂ ${node.words.wire}`);
    number.textContent = String(i + 1);
    value.textContent = text;
    words.textContent = told.join(" · ");
    const part = node.mv[i] == null ? 0 : (node.mv[i] - (node.from ?? 0)) / span;
    bar.firstChild.style.width = `${Math.round(100 * Math.min(1, Math.max(0, part)))}%`;
    cell.className = node.high === i + 1 ? "high" : node.low === i + 1 ? "low" : "";
    cell.setAttribute("aria-label", [node.names[i], text, ...told].join(", "));
    cell.dataset.testid = `cell.${i + 1}`;
  });
}

function newCell() {
  const cell = document.createElement("li");
  for (const name of ["number", "bar", "value", "words"]) {
    const part = document.createElement("span");
    part.className = name;
    part.setAttribute("aria-hidden", "true");
    cell.append(part);
  }
  cell.children[1].append(document.createElement("i"));
  return cell;
}
