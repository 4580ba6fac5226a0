// Runs one MicroPython script on the 32-bit WebAssembly build, where small integers end at
// 2^30 - 1 as on an RP2040. The folders named are copied into its file system and go first on
// sys.path; the script's own folder comes after them. Prints what the script prints; exits 1
// on an exception, with its traceback on standard error. Changes nothing outside.
//
//   node tools/wasm_runner.mjs [--heap BYTES] [--modules DIR] [--path DIR]... script.py [argument...]
//
// --modules is the node_modules folder that `make setup-wasm` filled.

import { readFileSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const repository = dirname(dirname(fileURLToPath(import.meta.url)));
const paths = [];
let heapsize = 4 * 1024 * 1024;
let modules = join(repository, "build", "wasm", "node_modules");
const rest = process.argv.slice(2);
while (rest.length && rest[0].startsWith("--")) {
  const option = rest.shift();
  const value = rest.shift();
  if (option === "--heap") heapsize = Number(value);
  else if (option === "--modules") modules = value;
  else if (option === "--path") paths.push(value);
  else fail(`unknown option ${option}`);
}
const [script, ...scriptArguments] = rest;
if (!script) fail("which script?");

function fail(message) {
  process.stderr.write(`wasm_runner: ${message}\n`);
  process.exit(2);
}

function copy(FS, from, to) {
  for (const name of readdirSync(from)) {
    const source = join(from, name);
    if (statSync(source).isDirectory()) {
      if (name === "__pycache__" || name.startsWith(".") || name === "node_modules") continue;
      FS.mkdir(`${to}/${name}`);
      copy(FS, source, `${to}/${name}`);
    } else if (/\.(py|mpy|bin|json)$/.test(name)) {
      FS.writeFile(`${to}/${name}`, readFileSync(source));
    }
  }
}

const module = join(resolve(modules), "@micropython", "micropython-webassembly-pyscript");
let loadMicroPython;
try {
  ({ loadMicroPython } = await import(pathToFileURL(join(module, "micropython.mjs"))));
} catch {
  fail(`no MicroPython in ${modules}: run 'make setup-wasm' (needs npm)`);
}

let status = 0;
const micropython = await loadMicroPython({
  heapsize,
  linebuffer: true,
  stdout: (line) => process.stdout.write(line + "\n"),
  stderr: (line) => process.stderr.write(line + "\n"),
});
const mounted = paths.map((path, i) => {
  micropython.FS.mkdir(`/path${i}`);
  copy(micropython.FS, path, `/path${i}`);
  return `/path${i}`;
});
micropython.FS.mkdir("/script");
copy(micropython.FS, dirname(resolve(script)), "/script");
micropython.globals.set("_paths", JSON.stringify([...mounted, "/script", ".frozen"]));
micropython.globals.set("_argv", JSON.stringify([basename(script), ...scriptArguments]));
try {
  micropython.runPython(`
import json, sys
sys.path[:] = json.loads(_paths)
sys.argv[:] = json.loads(_argv)
del _paths, _argv, json, sys
`);
  micropython.runPython(readFileSync(script, "utf8"));
} catch (error) {
  process.stderr.write(`${error.message ?? error}\n`);
  status = 1;
}
process.exitCode = status;
