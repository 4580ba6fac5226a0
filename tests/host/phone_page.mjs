// Runs the phone app's Python as a page does, without a browser: pictures go out on standard
// output, what a person and the radio do comes in, a line each.
//
//   node phone_page.mjs MICROPYTHON.mjs PYTHON.json ZH.json

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [micropython, modules, words] = process.argv.slice(2);
const { loadMicroPython } = await import(pathToFileURL(micropython));
const out = (kind, text = "") => process.stdout.write(`${kind} ${text}\n`);
const python = await loadMicroPython({
  heapsize: 24 * 1024 * 1024,
  linebuffer: true,
  stdout: (line) => out("!", line),
  stderr: (line) => out("!", line),
});
const folders = new Set();
for (const [path, source] of Object.entries(JSON.parse(readFileSync(modules, "utf8")))) {
  let folder = "/app";
  for (const part of ["", ...path.split("/").slice(0, -1)]) {
    folder = part ? `${folder}/${part}` : folder;
    if (!folders.has(folder)) python.FS.mkdir(folder);
    folders.add(folder);
  }
  python.FS.writeFile(`/app/${path}`, source);
}
python.FS.writeFile("/zh.json", readFileSync(words));
const bridge = {
  show: (text) => out("S", text),
  write: async (text) => out("W", text),
  connect: (kind) => out("C", kind),
  disconnect: () => out("D"),
  give_up: () => out("G"),
  save: (name, text) => out("F", JSON.stringify([name, text])),
  keep: () => {},
  known_name: () => "",
  unable: () => "",
  broken: (text) => out("!", text),
};
python.globals.set("bridge", bridge);
python.runPython(`
import json, sys
sys.path[:] = ["/app", ".frozen"]
from page_start import Page
with open("/zh.json") as file:
    page = Page(bridge, json.load(file))
`);
const page = python.globals.get("page");
page.chosen("en", "", "monitor");
const take = {
  B: (text) => page.bytes(text),
  M: (text) => page.summary(text),
  O: (text) => page.opened(text),
  X: (text) => page.closed(text === "wanted"),
  E: (text) => page.event(...JSON.parse(text)),
};
createInterface({ input: process.stdin })
  .on("line", (line) => take[line[0]](line.slice(2)))
  .on("close", () => process.exit(0));
