// Loaded into the real server before anything of it (`node --import`): replaces the functions of node:fs by ones that
// fail on order. The orders are in a file that a test may replace at any moment; it is looked at before each call, so
// that an order is in force for the very next one. Each call that met a fault is noted in a second file.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { setTimeout as delay } from "node:timers/promises";

// biome-ignore lint/style/noProcessEnv: what a preload is told, it is told there
const folder = process.env.DISK_FAULTS;
const real = { ...fs };
const realPromises = { ...fs.promises };
/** Paths by descriptor; `isFolder` tells a sync of a folder from one of a file. */
const opened = new Map();
let orders = [];
let version;

function readOrders() {
  const file = `${folder}/orders.json`;
  let found;
  try {
    found = real.statSync(file);
  } catch {
    // No orders yet.
    return;
  }
  const now = `${found.ino}/${found.mtimeMs}`;
  if (now === version) return;
  version = now;
  orders = JSON.parse(real.readFileSync(file, "utf8")).map((order) => ({
    ...order,
    pattern: new RegExp(order.path),
    left: order.times ?? Number.POSITIVE_INFINITY,
  }));
}

/** The order that this call meets, which uses it up. */
function meet(op, path) {
  if (typeof path !== "string" || path.startsWith(folder)) return undefined;
  readOrders();
  const order = orders.find(
    ({ ops, pattern, left }) => left > 0 && ops.includes(op) && pattern.test(path),
  );
  if (!order) return undefined;
  order.left -= 1;
  real.appendFileSync(`${folder}/hits.jsonl`, `${JSON.stringify({ op, path })}\n`);
  return order;
}

function errorOf({ code }, op, path) {
  return Object.assign(new Error(`${code}: injected, ${op} '${path}'`), {
    code,
    syscall: op,
    path,
  });
}

const pathOf = (target) => (typeof target === "number" ? opened.get(target)?.path : String(target));
const syncOp = (fd, op) => (opened.get(fd)?.isFolder ? "syncfolder" : op);
const openOp = (flags) => (flags === undefined || flags === "r" ? "open" : "create");

function remember(fd, path) {
  opened.set(fd, { path: String(path), isFolder: real.fstatSync(fd).isDirectory() });
  return fd;
}

/** A blocking function: it can fail, or (write) do a part of its work. */
function replaceSync(name, opOf, after = (result) => result) {
  fs[name] = (...args) => {
    const [op, path] = opOf(...args);
    const order = meet(op, path);
    if (order?.code) throw errorOf(order, op, path);
    const given = order?.bytes === undefined ? args : [args[0], shorten(args[1], order.bytes)];
    return after(real[name](...given), ...args);
  };
}

/** One with a callback; `delayMs` makes it slow. */
function replaceCallback(name, opOf, after = (result) => result) {
  fs[name] = (...args) => {
    const done = args.pop();
    const [op, path] = opOf(...args);
    const order = meet(op, path);
    const given = order?.bytes === undefined ? args : [args[0], shorten(args[1], order.bytes)];
    const call = () => {
      if (order?.code) return process.nextTick(done, errorOf(order, op, path));
      return real[name](...given, (error, result, ...rest) =>
        error ? done(error) : done(null, after(result, ...args), ...rest),
      );
    };
    if (order?.delayMs) setTimeout(call, order.delayMs);
    else call();
  };
}

function replacePromise(name, op, pathFrom = (path) => String(path)) {
  fs.promises[name] = async (...args) => {
    const path = pathFrom(...args);
    const order = meet(op, path);
    if (order?.delayMs) await delay(order.delayMs);
    if (order?.code) throw errorOf(order, op, path);
    return realPromises[name](...args);
  };
}

const shorten = (data, bytes) => Buffer.from(data).subarray(0, bytes);
const byPath = (op) => (path) => [op, pathOf(path)];
const toPath = (_, to) => ["rename", String(to)];

replaceSync("openSync", (path, flags) => [openOp(flags), String(path)], remember);
replaceSync("writeSync", byPath("write"));
replaceSync("writeFileSync", byPath("write"));
replaceSync("readFileSync", byPath("read"));
replaceSync("renameSync", toPath);
replaceSync("rmSync", byPath("remove"));
replaceSync("statSync", byPath("stat"));
replaceSync("lstatSync", byPath("stat"));
replaceSync("fstatSync", byPath("stat"));
replaceSync("ftruncateSync", byPath("truncate"));
replaceSync("closeSync", byPath("close"));
replaceSync("opendirSync", byPath("list"));
replaceCallback("open", (path, flags) => [openOp(flags), String(path)], remember);
replaceCallback("write", byPath("write"));
replaceCallback("rename", toPath);
replaceCallback("fsync", (fd) => [syncOp(fd, "sync"), pathOf(fd)]);
replaceCallback("fdatasync", (fd) => [syncOp(fd, "sync"), pathOf(fd)]);
replacePromise("mkdir", "mkdir");
replacePromise("readdir", "list");
replacePromise("readFile", "read");
replacePromise("stat", "stat");
syncBuiltinESMExports();
