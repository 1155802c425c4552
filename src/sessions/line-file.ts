import { basename, dirname, join } from "node:path";
import type { Clock } from "../runtime/clock.ts";
import { errorCode } from "../runtime/errors.ts";
import type { FileOps, OpenFile } from "../runtime/file-ops.ts";
import type { Log } from "../runtime/log.ts";
import type { OpenFiles } from "./open-files.ts";
import { type ParseLine, type Scan, scanLines } from "./scan-lines.ts";

/**
 * One append-only file of JSON lines that survives torn writes, damage and failed syncs. It is in one of these states:
 *
 *   unread → good     by `read`, or by the first `append`: a torn last line is cut off, damage is set aside, and so is
 *                     a file that is too large to be read, of which the end goes on
 *   good → cut-first  an append failed: part of a line may be at the end, and goes before anything else is written
 *   any → lost        a sync failed: the kernel may have dropped what was written, so the file is written anew
 *
 * Callers run one operation at a time.
 */
export interface LineFile<T> {
  /** All values. Makes the file if there is none. */
  read(): Promise<readonly T[]>;
  /** Writes one line (with its newline). If it rejects, the line is not there. */
  append(line: string): Promise<void>;
  /** fdatasync. */
  sync(): Promise<void>;
  /** Whether nothing would be lost with this object: what it knows beside is read from the file again. */
  isForgettable(): boolean;
}

export interface LineFormat<T> {
  readonly path: string;
  readonly parse: ParseLine<T>;
  /** A longer file is never read whole. */
  readonly bound?: Bound;
  /** The text of a fresh file when the old one is missing, empty or damaged, made of what is still readable. */
  rebuild(readable: { readonly scan: Scan<T>; readonly text: string }): Promise<string>;
}

export interface Bound {
  readonly maxBytes: number;
  /** How much of a longer one goes on, at the most. */
  readonly keepBytes: number;
  /** The lines that a file begins with, whatever else of it goes on. */
  readonly head: string;
}

export interface LineFileDeps {
  readonly files: FileOps;
  readonly openFiles: OpenFiles;
  /** The folder for damaged files that were set aside. */
  readonly broken: string;
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
}

export function createLineFile<T>(format: LineFormat<T>, deps: LineFileDeps): LineFile<T> {
  const { path } = format;
  /** Length of what is known to be whole lines; undefined until read. */
  let bytes: number | undefined;
  let cutFirst = false;
  let lost = false;

  async function read(): Promise<readonly T[]> {
    bytes = undefined;
    const found = await load(format, deps);
    bytes = found.bytes;
    cutFirst = false;
    return found.values;
  }

  async function repaired(): Promise<number> {
    if (bytes === undefined) await read();
    const good = bytes ?? 0;
    if (cutFirst) await deps.openFiles.use(path, (file) => cutOff(file, good));
    cutFirst = false;
    if (lost) await writeAnew(path, good, deps);
    lost = false;
    return good;
  }

  return {
    read,
    isForgettable: () => !cutFirst && !lost,
    async append(line) {
      const good = await repaired();
      const data = Buffer.from(line);
      cutFirst = true;
      await deps.openFiles.use(path, (file) => writeAll(file, data, path));
      cutFirst = false;
      bytes = good + data.length;
    },
    async sync() {
      await repaired();
      try {
        await deps.openFiles.use(path, (file) => file.syncData());
      } catch (error) {
        lost = true;
        throw error;
      }
    },
  };
}

interface Loaded<T> {
  readonly values: readonly T[];
  readonly bytes: number;
}

async function load<T>(format: LineFormat<T>, deps: LineFileDeps): Promise<Loaded<T>> {
  const { path, parse } = format;
  const found = await readBounded(path, format.bound, deps.files);
  if (found === undefined) return makeAnew(format, deps, await newestSetAside(format, deps));
  const { text } = found;
  if (found.isEnd) {
    await setAside(path, { bytes: found.size }, deps);
    return makeAnew(format, deps, text);
  }
  const scan = scanLines(text, parse);
  if (scan.state.kind === "damaged") {
    await setAside(path, { line: scan.state.line }, deps);
    return makeAnew(format, deps, text);
  }
  if (scan.state.kind === "torn") await cutTornLine(path, scan.prefix.bytes, deps);
  if (scan.prefix.lines === 0) return makeAnew(format, deps, "");
  return { values: scan.values, bytes: scan.prefix.bytes };
}

async function makeAnew<T>(
  format: LineFormat<T>,
  { files, openFiles }: LineFileDeps,
  old: string,
): Promise<Loaded<T>> {
  const { path, parse } = format;
  const text = await format.rebuild({ scan: scanLines(old, parse), text: old });
  await openFiles.forget(path);
  await files.replace(path, text, { sync: true });
  return { values: scanLines(text, parse).values, bytes: Buffer.byteLength(text) };
}

/** A crash after setting a file aside and before its successor was written leaves only the old one. */
async function newestSetAside<T>(
  { path, bound }: LineFormat<T>,
  { files, broken }: LineFileDeps,
): Promise<string> {
  const prefix = asidePrefix(path);
  const times = (await files.list(broken))
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length)))
    .filter(Number.isSafeInteger);
  if (times.length === 0) return "";
  const found = await readBounded(join(broken, `${prefix}${Math.max(...times)}`), bound, files);
  return found?.text ?? "";
}

const asidePrefix = (path: string) => `${basename(path)}.broken-`;

/** What was wrong with a file: a line that cannot be read, or its size. */
type Wrong = { readonly line: number } | { readonly bytes: number };

async function setAside(path: string, wrong: Wrong, deps: LineFileDeps): Promise<void> {
  const { files, broken, clock, log } = deps;
  const keptAt = (time: number) => join(broken, `${asidePrefix(path)}${time}`);
  let time = clock.now();
  while (await files.stat(keptAt(time))) time += 1;
  const kept = keptAt(time);
  await files.rename(path, kept);
  for (const folder of [broken, dirname(path)]) await files.syncDirectory(folder);
  const what = "line" in wrong ? "unreadable line" : "too large to be read";
  log.warn({ file: path, ...wrong, kept }, `${what}: the file was set aside whole`);
}

async function cutTornLine(path: string, good: number, deps: LineFileDeps): Promise<void> {
  const bytes = await deps.openFiles.use(path, (file) => cutOff(file, good));
  deps.log.warn({ file: path, bytes }, "cut off a torn last line");
}

async function cutOff(file: OpenFile, good: number): Promise<number> {
  const surplus = (await file.size()) - good;
  if (surplus > 0) await file.truncate(good);
  return surplus;
}

/** The kernel still has the contents, but calls them written: only a new file makes them durable for certain. */
async function writeAnew(path: string, good: number, deps: LineFileDeps): Promise<void> {
  const text = Buffer.from(await deps.files.read(path))
    .subarray(0, good)
    .toString();
  await deps.openFiles.forget(path);
  await deps.files.replace(path, text, { sync: true });
}

interface Found {
  readonly text: string;
  /** It is only the end of a file that is too large, behind the lines that it is to begin with. */
  readonly isEnd: boolean;
  readonly size: number;
}

/** Undefined if there is no such file. */
async function readBounded(
  path: string,
  bound: Bound | undefined,
  files: FileOps,
): Promise<Found | undefined> {
  try {
    const size = bound ? ((await files.stat(path))?.size ?? 0) : 0;
    if (!bound || size <= bound.maxBytes)
      return { text: await files.read(path), isEnd: false, size };
    const end = await files.readPart(path, size - bound.keepBytes, bound.keepBytes);
    const text = bound.head + end.slice(end.indexOf("\n") + 1);
    return { text, isEnd: true, size };
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function writeAll(file: OpenFile, data: Uint8Array, path: string): Promise<void> {
  for (let done = 0; done < data.length; ) {
    const written = await file.write(data.subarray(done));
    if (written === 0) throw new Error(`Cannot append to ${path}: nothing was written`);
    done += written;
  }
}
