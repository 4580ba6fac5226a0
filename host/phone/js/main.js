// Starts the app: MicroPython with the program's own Python, the radio, and the drawing.
// All that is said and decided is decided there; here it is carried.

import { loadMicroPython } from "../micropython/micropython.mjs";
import { Trouble, WebBluetooth } from "./bluetooth.js";
import { draw, hex } from "./nodes.js";

const HEAP_BYTES = 24 * 1024 * 1024;
const AGAIN_MS = [500, 1000, 2000, 4000, 8000, 15000];
const $ = (id) => document.getElementById(id);
const kept = (name) => localStorage.getItem(`cellwarden.${name}`) ?? "";

/** @type {any} */
const transport = window.cellwardenTransport ?? new WebBluetooth();
let page = null;
let trying = 0;
let lost = false;

/** What the Python side calls. */
const bridge = {
  show: (text) => {
    try {
      show(JSON.parse(text));
    } catch (error) {
      console.error(error); // a slip in drawing must not stop the looking
    }
  },
  write: (text) => transport.write(Uint8Array.from(text.match(/../g) ?? [], (two) => parseInt(two, 16))),
  connect: (kind) => void connect(kind),
  disconnect: () => {
    lost = false;
    trying += 1;
    transport.disconnect();
  },
  give_up: () => transport.giveUp?.(),
  again: () => connect("again", true),
  save,
  keep: (name, text) => localStorage.setItem(`cellwarden.${name}`, text),
  known_name: () => transport.knownName?.() ?? "",
  unable: () => transport.unable?.() ?? "",
  version: () => window.cellwardenVersion ?? "",
  broken: (text) => console.error(text),
};

/** Connect; `quiet` when nobody asked for it just now. @returns {Promise<boolean>} */
async function connect(kind, quiet = false) {
  trying += 1;
  const mine = trying;
  try {
    const name = await (kind === "find" ? transport.find() : transport.again());
    if (mine !== trying) return false;
    lost = false;
    page.opened(name);
    return true;
  } catch (error) {
    if (!(error instanceof Trouble)) console.error(error);
    if (mine === trying && !quiet) page.failed(error.why ?? "lost");
    return false;
  }
}

/** Come back by itself, more and more seldom, as long as nobody has given the board up. */
async function comeBack() {
  for (let i = 0; lost; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS[Math.min(i, AGAIN_MS.length - 1)]));
    if (lost && (document.visibilityState === "visible" || i < 3)) await connect("again", true);
  }
}

transport.onBytes = (bytes) => page.bytes(hex(bytes));
transport.onSummary = (bytes) => page.summary(hex(bytes));
transport.onLost = (wanted) => {
  page.closed(wanted);
  const begun = lost;
  lost = !wanted;
  if (lost && !begun) void comeBack();
};

function save(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: name.endsWith(".csv") ? "text/csv" : "text/plain" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function send(id, value) {
  page.event(id, JSON.stringify(value));
}

function show(picture) {
  document.documentElement.lang = picture.language === "zh" ? "zh-CN" : "en";
  document.documentElement.dataset.theme = picture.theme || "auto";
  document.body.classList.toggle("busy", picture.busy);
  document.body.classList.toggle("isstale", picture.stale);
  frame(picture.top, picture.page);
  const main = $("page");
  if (main.dataset.page !== picture.page) {
    main.dataset.page = picture.page;
    main.replaceChildren();
    scrollTo(0, 0);
  }
  draw(main, picture.nodes, send);
  const dialog = /** @type {HTMLDialogElement} */ ($("dialog"));
  draw(dialog, picture.dialog, send);
  if (picture.dialog.length && !dialog.open) {
    dialog.showModal();
    // A question is read from its beginning; where something is to be typed, at once.
    (dialog.querySelector("input:not([type=radio])") ?? dialog).focus();
    dialog.scrollTop = 0;
  }
  if (!picture.dialog.length && dialog.open) dialog.close();
  draw($("notes"), picture.notes.map(([key, level, text]) => ({ t: "note", key: `note.${key}`, level, text })), send);
}

function frame(top, current) {
  $("top").hidden = $("pages").hidden = false;
  $("dot").className = top.link;
  text($("linkText"), top.name && top.link !== "off" ? `${top.name}: ${top.linkText}` : top.linkText);
  $("lock").hidden = top.link !== "up";
  $("lock").className = top.locked ? "" : "open";
  text($("lockText"), top.lock);
  const values = top.link === "off" || top.link === "opening" ? [] : top.values;
  const shown = $("values");
  if (shown.cwText !== JSON.stringify(values)) {
    shown.cwText = JSON.stringify(values);
    shown.replaceChildren(...values.map(([label, value]) => {
      const box = document.createElement("div");
      const name = Object.assign(document.createElement("dt"), { textContent: label });
      box.append(name, Object.assign(document.createElement("dd"), { textContent: value }));
      return box;
    }));
  }
  const pages = $("pages");
  pages.setAttribute("aria-label", top.pagesLabel);
  top.pages.forEach(([key, title], i) => {
    const button = pages.children[i] ?? pages.appendChild(newTab(key));
    text(button.firstChild, title);
    text(button.lastChild, key === "alarms" && top.alarms ? String(top.alarms) : "");
    if (key === current) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  });
}

function newTab(key) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.testid = `page.${key}`;
  button.append(document.createElement("span"), Object.assign(document.createElement("b"), { className: "count" }));
  button.addEventListener("click", () => send(`page.${key}`, true));
  return button;
}

function text(element, wanted) {
  if (element.textContent !== wanted) element.textContent = wanted;
}

$("lock").addEventListener("click", () => send("top.lock", true));
$("dialog").addEventListener("cancel", (event) => {
  event.preventDefault();
  send("dialog.no", true);
});

async function start() {
  const files = await (await fetch("python.json")).json();
  const words = await (await fetch("zh.json")).json();
  const python = await loadMicroPython({ heapsize: HEAP_BYTES, linebuffer: true });
  const folders = new Set();
  for (const [path, source] of Object.entries(files)) {
    let folder = "/app";
    for (const part of ["", ...path.split("/").slice(0, -1)]) {
      folder = part ? `${folder}/${part}` : folder;
      if (!folders.has(folder)) python.FS.mkdir(folder);
      folders.add(folder);
    }
    python.FS.writeFile(`/app/${path}`, source);
  }
  python.FS.writeFile("/zh.json", JSON.stringify(words));
  python.globals.set("bridge", bridge);
  python.runPython(`
import json, sys
sys.path[:] = ["/app", ".frozen"]
from page_start import Page
with open("/zh.json") as file:
    page = Page(bridge, json.load(file))
`);
  page = python.globals.get("page");
  const language = kept("language") || (navigator.language.startsWith("zh") ? "zh" : "en");
  page.chosen(language, kept("theme"), kept("page"));
  $("starting")?.remove();
}

if ("serviceWorker" in navigator && location.protocol !== "file:") {
  navigator.serviceWorker.register("sw.js").catch((error) => console.warn(error));
}
start().catch((error) => {
  console.error(error);
  $("page").textContent = `Cellwarden: ${error.message}`;
});
