// node wasm_board.mjs MICROPYTHON.mjs FOLDER: MicroPython on stdin and stdout, as a board is on its
// serial line. FOLDER is its flash: read at a start, written after each turn.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [, , module, folder] = process.argv;
const { loadMicroPython } = await import(pathToFileURL(module));
const SYSTEM = new Set([".", "..", "tmp", "home", "dev", "proc"]);
let mp;
let raw = false;
let held = "";

function out(data) {
  fs.writeSync(1, Buffer.from(data));
}

function load(from, to) {
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    const there = to + "/" + entry.name;
    if (entry.isDirectory()) {
      mp.FS.mkdir(there);
      load(path.join(from, entry.name), there);
    } else mp.FS.writeFile(there, fs.readFileSync(path.join(from, entry.name)));
  }
}

function save(from, to) {
  const names = mp.FS.readdir(from || "/").filter((n) => from || !SYSTEM.has(n));
  const kept = new Set(names.filter((n) => n !== "." && n !== ".."));
  for (const name of fs.readdirSync(to))
    if (!kept.has(name)) fs.rmSync(path.join(to, name), { recursive: true });
  for (const name of kept) {
    const at = from + "/" + name;
    const there = path.join(to, name);
    if (mp.FS.isDir(mp.FS.stat(at).mode)) {
      fs.mkdirSync(there, { recursive: true });
      save(at, there);
    } else {
      const data = mp.FS.readFile(at);
      if (!fs.existsSync(there) || Buffer.compare(fs.readFileSync(there), data))
        fs.writeFileSync(there, data);
    }
  }
}

async function start() {
  mp = await loadMicroPython({ heapsize: 512 * 1024, linebuffer: false, stdout: out });
  load(folder, "");
  raw = false;
  for (const name of ["boot.py", "main.py"])
    if (fs.existsSync(path.join(folder, name)))
      try {
        mp.runPython(`exec(open("/${name}").read())`);
      } catch (e) {
        out(String(e.message) + "\r\n");
      }
  mp.replInit();
}

async function turn(data) {
  for (const byte of data) {
    if (raw && byte === 5) held = "\x05"; // raw paste needs a blocking read
    else if (held === "\x05" && byte === 65) held += "A";
    else if (held === "\x05A") {
      held = "";
      out("R\x00");
    } else if (!raw && byte === 4) {
      save("", folder);
      out("MPY: soft reboot\r\n");
      await start();
      save("", folder);
    } else {
      if (byte === 1) raw = true;
      if (byte === 2) raw = false;
      mp.replProcessChar(byte);
      if (byte === 4) save("", folder);
    }
  }
}

await start();
for await (const data of process.stdin) await turn(data);
