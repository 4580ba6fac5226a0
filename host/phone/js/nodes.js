// Draws a page's tree of plain values (cellwarden_host/phone/app/ui.py) and keeps it drawn.
//
// A node is drawn by its kind; a picture that follows changes only what differs, so that focus,
// typing and scrolling stay where they are. It knows no page and no text.

import { drawCells } from "./cells.js";
import { drawChart } from "./chart.js";

const SIGNS = {
  good: "✓", old: "✖", info: "ⓘ", warn: "⚠", bad: "✖",
  fine: "✓", on: "●", off: "○", pending: "◔", unknown: "?",
  warning: "⚠", protection: "✖", danger: "✖",
};

/** @typedef {Record<string, any>} Node */
/** @typedef {(id: string, value: any) => void} Send */

/**
 * Make `parent` show `nodes`.
 * @param {Element} parent @param {Node[]} nodes @param {Send} send
 */
export function draw(parent, nodes, send) {
  const old = new Map();
  for (const child of [...parent.children]) {
    if (child.cwKey && !old.has(child.cwKey)) old.set(child.cwKey, child);
    else child.remove();
  }
  const counts = {};
  let before = null;
  for (const node of nodes) {
    const name = `${node.t}:${node.id ?? node.key ?? (counts[node.t] = (counts[node.t] ?? 0) + 1)}`;
    let element = old.get(name);
    old.delete(name);
    if (!element) {
      element = KINDS[node.t].make(node, send);
      element.cwKey = name;
    }
    const text = JSON.stringify(node);
    if (element.cwText !== text) {
      element.cwText = text;
      element.cwNode = node;
      KINDS[node.t].fill(element, node, send);
    }
    const place = before ? before.nextSibling : parent.firstChild;
    if (place !== element) parent.insertBefore(element, place);
    before = element;
  }
  for (const gone of old.values()) gone.remove();
}

/** @returns {HTMLElement} */
function made(tag, classes = "", parts = {}) {
  const element = document.createElement(tag);
  element.className = classes;
  element.parts = parts;
  for (const part of Object.values(parts)) element.append(part);
  return element;
}

function put(element, text) {
  const wanted = text ?? "";
  if (element.textContent !== wanted) element.textContent = wanted;
  element.hidden = wanted === "";
}

function level(element, base, name) {
  element.className = name ? `${base} ${name}` : base;
}

let labels = 0;

const KINDS = {
  card: {
    make() {
      return made("section", "card", { title: made("h2"), body: made("div", "body") });
    },
    fill(element, node, send) {
      put(element.parts.title, node.title);
      level(element, "card", node.stale ? "stale" : "");
      if (node.key) element.dataset.testid = `card.${node.key}`;
      draw(element.parts.body, node.c, send);
    },
  },
  fold: {
    make(node, send) {
      const head = made("button", "head", { sign: made("span", "sign"), title: made("span"), note: made("span", "aside") });
      head.type = "button";
      head.parts.sign.setAttribute("aria-hidden", "true");
      const element = made("section", "fold", { head, body: made("div", "body") });
      head.addEventListener("click", () => send(element.cwNode.id, true));
      return element;
    },
    fill(element, node, send) {
      const { head, body } = element.parts;
      put(head.parts.sign, node.open ? "▾" : "▸");
      put(head.parts.title, node.title);
      put(head.parts.note, node.note);
      head.setAttribute("aria-expanded", String(Boolean(node.open)));
      head.dataset.testid = node.id;
      draw(body, node.c, send);
    },
  },
  line: {
    make: () => made("div", "line"),
    fill: (element, node, send) => draw(element, node.c, send),
  },
  text: {
    make: () => made("p", "text"),
    fill(element, node) {
      level(element, "text", node.level);
      put(element, node.text);
      if (node.key) element.dataset.testid = node.key;
    },
  },
  note: {
    make() {
      const sign = made("span", "sign");
      sign.setAttribute("aria-hidden", "true");
      return made("p", "note", { sign, text: made("span") });
    },
    fill(element, node) {
      level(element, "note", node.level);
      element.setAttribute("role", node.level === "bad" ? "alert" : "status");
      put(element.parts.sign, SIGNS[node.level]);
      put(element.parts.text, node.text);
      if (node.key) element.dataset.testid = node.key;
    },
  },
  big: {
    make: () => made("div", "big", { label: made("span", "label"), value: made("span", "value"), about: made("span", "about") }),
    fill(element, node) {
      put(element.parts.label, node.label);
      put(element.parts.value, node.value);
      put(element.parts.about, node.about);
      element.dataset.testid = node.key;
    },
  },
  pair: {
    make: () => made("div", "pair", { label: made("span", "label"), value: made("span", "value") }),
    fill(element, node) {
      put(element.parts.label, node.label);
      put(element.parts.value, node.value);
      level(element, "pair", node.level);
      if (node.key) element.dataset.testid = node.key;
    },
  },
  state: {
    make() {
      const sign = made("span", "sign");
      sign.setAttribute("aria-hidden", "true");
      return made("div", "state", { sign, title: made("span", "label"), word: made("span", "value"), why: made("span", "why") });
    },
    fill(element, node) {
      level(element, "state", node.level);
      put(element.parts.sign, SIGNS[node.level]);
      put(element.parts.title, node.title);
      put(element.parts.word, node.word);
      put(element.parts.why, node.why);
      element.dataset.testid = `state.${node.key}`;
    },
  },
  cells: { make: () => made("ol", "cells"), fill: drawCells },
  chart: { make: () => made("div", "chart"), fill: drawChart },
  progress: {
    make: () => made("div", "progress", { label: made("span", "label"), bar: document.createElement("progress"), about: made("span", "about") }),
    fill(element, node) {
      put(element.parts.label, node.label);
      put(element.parts.about, node.about);
      element.parts.bar.max = node.total;
      element.parts.bar.value = node.done ?? 0;
      element.parts.bar.setAttribute("aria-label", node.label ?? "");
    },
  },
  button: {
    make(node, send) {
      const element = /** @type {HTMLButtonElement} */ (made("button"));
      element.type = "button";
      element.addEventListener("click", () => send(element.cwNode.id, true));
      return element;
    },
    fill(element, node) {
      level(element, "button", node.kind);
      put(element, node.pressed ? `✓ ${node.text}` : node.text);
      element.disabled = Boolean(node.off);
      if (node.pressed !== undefined) element.setAttribute("aria-pressed", String(node.pressed));
      element.dataset.testid = node.id;
    },
  },
  choice: { make: makeChoice, fill: fillChoice },
  field: { make: makeField, fill: fillField },
  file: {
    make(node, send) {
      const input = document.createElement("input");
      input.type = "file";
      input.addEventListener("change", async () => {
        const file = input.files[0];
        if (file) send(element.cwNode.id, [file.name, hex(new Uint8Array(await file.arrayBuffer()))]);
        input.value = "";
      });
      const element = made("label", "button file", { text: made("span"), input });
      return element;
    },
    fill(element, node) {
      put(element.parts.text, node.label);
      element.parts.input.disabled = Boolean(node.off);
      element.parts.input.dataset.testid = node.id;
    },
  },
};

/** @param {Uint8Array} bytes */
export function hex(bytes) {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

function around(element, node) {
  const { label, hint, wrong } = element.parts;
  put(label, node.changed ? `✎ ${node.label}` : node.label);
  put(hint, node.hint);
  put(wrong, node.wrong ? `⚠ ${node.wrong}` : "");
  level(element, element.cwBase, `${node.changed ? "changed" : ""} ${node.wrong ? "iswrong" : ""}`.trim());
}

function makeChoice(node, send) {
  const name = `choice${++labels}`;
  const label = made("span", "label");
  label.id = name;
  const set = made("div", "set");
  set.setAttribute("role", "radiogroup");
  set.setAttribute("aria-labelledby", name);
  const wrong = made("span", "wrong");
  wrong.setAttribute("role", "alert");
  const element = made("div", "choice", { label, set, hint: made("span", "hint"), wrong });
  element.cwBase = "choice";
  element.cwName = name;
  element.cwSend = (value) => send(element.cwNode.id, value);
  return element;
}

function fillChoice(element, node) {
  around(element, node);
  const { set } = element.parts;
  const options = JSON.stringify(node.options);
  if (element.cwOptions !== options) {
    element.cwOptions = options;
    set.replaceChildren(...(node.options.length > 6 ? [list(element, node)] : node.options.map((one, i) => radio(element, node, one, i))));
  }
  for (const input of set.querySelectorAll("input")) {
    input.checked = JSON.parse(input.value) === node.value;
    input.disabled = Boolean(node.off);
  }
  const select = set.querySelector("select");
  if (select) {
    select.value = JSON.stringify(node.value);
    select.disabled = Boolean(node.off);
  }
  element.dataset.testid = node.id;
}

function radio(element, node, [value, text], index) {
  const input = document.createElement("input");
  input.type = "radio";
  input.name = element.cwName;
  input.value = JSON.stringify(value);
  input.dataset.testid = `${node.id}.${value}`;
  input.addEventListener("change", () => {
    element.cwText = ""; // drawn anew, also when the answer is that nothing changes
    element.cwSend(value);
  });
  return made("label", "option", { input, text: Object.assign(made("span"), { textContent: text }) });
}

function list(element, node) {
  const select = document.createElement("select");
  select.setAttribute("aria-labelledby", element.cwName);
  for (const [value, text] of node.options) select.add(new Option(text, JSON.stringify(value)));
  select.addEventListener("change", () => {
    element.cwText = "";
    element.cwSend(JSON.parse(select.value));
  });
  select.dataset.testid = `${node.id}.list`;
  return select;
}

function makeField(node, send) {
  const input = document.createElement("input");
  const label = made("label", "label");
  input.id = label.htmlFor = `field${++labels}`;
  input.autocomplete = "off";
  input.spellcheck = false;
  const hint = made("span", "hint");
  const wrong = made("span", "wrong");
  hint.id = `${input.id}hint`;
  wrong.id = `${input.id}wrong`;
  wrong.setAttribute("role", "alert");
  input.setAttribute("aria-describedby", `${wrong.id} ${hint.id}`);
  const box = made("span", "box", { input, unit: made("span", "unit") });
  const element = made("div", "field", { label, box, hint, wrong });
  element.cwBase = "field";
  input.addEventListener("input", () => {
    element.cwTyped = input.value;
    send(element.cwNode.id, input.value);
  });
  input.addEventListener("blur", () => {
    element.cwTyped = undefined;
    input.value = element.cwNode.value ?? "";
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const main = element.closest("section")?.querySelector("button.main");
    main?.click();
  });
  return element;
}

function fillField(element, node) {
  around(element, node);
  const { input, unit } = element.parts.box.parts;
  put(unit, node.unit);
  input.type = node.mode === "password" ? "password" : node.mode === "search" ? "search" : "text";
  input.inputMode = node.mode === "decimal" ? "decimal" : "text";
  input.disabled = Boolean(node.off);
  input.setAttribute("aria-invalid", String(Boolean(node.wrong)));
  input.dataset.testid = node.id;
  // What somebody is typing is theirs until they leave the field.
  const typing = document.activeElement === input && element.cwTyped !== undefined;
  if (!typing || (node.mode === "password" && !node.value)) input.value = node.value ?? "";
}
