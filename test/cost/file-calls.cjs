"use strict";
// Preloaded (`node --require`): counts what a process asks of the disk, whoever asks. With FILE_CALLS=trace it keeps each
// call with its path too, and gives them away (once) to whoever sends the message "file-calls" over the IPC channel.
const fs = require("node:fs");
const { syncBuiltinESMExports } = require("node:module");

// What is made of these, as writeFile and rm are, is not counted once more.
/** Calls whose first argument is a descriptor; the others' is a path. */
const ON_OPEN_FILES = ["write", "fsync", "fdatasync", "close", "fstat", "ftruncate", "read"];
const ON_PATHS = [
  ...["open", "rename", "unlink", "stat", "lstat", "realpath", "chown", "chmod"],
  ...["readdir", "opendir", "mkdir", "link", "utimes"],
];

const trace = process.env.FILE_CALLS === "trace";
const state = { counts: {}, bytes: 0, calls: [] };
const paths = new Map();

function note(kind, target, bytes) {
  // Standard output and error are the log's.
  if (target === 1 || target === 2) return;
  state.counts[kind] = (state.counts[kind] ?? 0) + 1;
  state.bytes += bytes;
  const path = typeof target === "number" ? (paths.get(target) ?? "?") : String(target);
  if (trace) state.calls.push({ kind, path, bytes });
}

function sizeOf(kind, data) {
  if (kind !== "write") return 0;
  return typeof data === "string" ? Buffer.byteLength(data) : (data?.byteLength ?? 0);
}

/** Only a trace needs to know what a descriptor stands for. */
function remember(path, opened, args) {
  if (!trace) return;
  if (typeof opened === "number") paths.set(opened, String(path));
  const done = args.at(-1);
  if (typeof done !== "function") return;
  args[args.length - 1] = (error, fd) => {
    if (!error) paths.set(fd, String(path));
    done(error, fd);
  };
}

function wrap(object, name, kind) {
  const original = object[name];
  if (typeof original !== "function") return;
  const wrapped = (...args) => {
    note(kind, args[0], sizeOf(kind, args[1]));
    if (kind === "open" && !name.endsWith("Sync")) remember(args[0], undefined, args);
    const result = original.apply(object, args);
    if (name === "openSync") remember(args[0], result, []);
    return result;
  };
  object[name] = Object.assign(wrapped, original);
}

for (const kind of [...ON_OPEN_FILES, ...ON_PATHS]) {
  wrap(fs, kind, kind);
  wrap(fs, `${kind}Sync`, kind);
  if (ON_PATHS.includes(kind) && kind !== "open") wrap(fs.promises, kind, kind);
}
syncBuiltinESMExports();

globalThis[Symbol.for("my-bot/file-calls")] = state;
if (trace) {
  process.on("message", (message) => {
    if (message === "file-calls") process.send?.({ fileCalls: state.calls.splice(0) });
  });
  // The channel must not keep the process running, nor count as something that it waits for.
  process.channel?.unref();
}
