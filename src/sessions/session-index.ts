import { join } from "node:path";
import { createGroupSync } from "../runtime/group-sync.ts";
import { createSerial } from "../runtime/serial.ts";
import { createLineFile, type LineFileDeps } from "./line-file.ts";
import {
  type IndexLine,
  parseIndexLine,
  parseSession,
  printClear,
  printSession,
} from "./session-lines.ts";
import type { Session } from "./session-store.ts";

/** Which sessions there are, and which one each source has now. In memory; every change is durable when it resolves. */
export interface SessionIndex {
  get(sessionId: string): Session | undefined;
  current(source: string): Session | undefined;
  add(session: Session): Promise<void>;
  clear(source: string): Promise<boolean>;
}

export interface SessionIndexDeps extends LineFileDeps {
  readonly path: string;
  /** Where the sessions' own files are. */
  readonly sessions: string;
}

export async function openSessionIndex(deps: SessionIndexDeps): Promise<SessionIndex> {
  const format = {
    path: deps.path,
    parse: parseIndexLine,
    rebuild: ({ scan }: { scan: { values: readonly IndexLine[] } }) => rebuild(scan.values, deps),
  };
  const file = createLineFile(format, deps);
  const serial = createSerial();
  const sync = createGroupSync(() => serial(() => file.sync()));
  const byId = new Map<string, Session>();
  const bySource = new Map<string, Session>();

  function take(line: IndexLine): void {
    if (line.kind === "clear") {
      bySource.delete(line.source);
      return;
    }
    byId.set(line.session.id, line.session);
    bySource.set(line.session.source, line.session);
  }

  async function write(text: string, line: IndexLine): Promise<void> {
    await serial(() => file.append(text));
    await sync();
    take(line);
  }

  for (const line of await file.read()) take(line);
  // A killed process may have written a line and not synced it: from here on somebody relies on it.
  await file.sync();

  return {
    get: (sessionId) => byId.get(sessionId),
    current: (source) => bySource.get(source),
    add: (session) => write(printSession(session), { kind: "session", session }),
    async clear(source) {
      if (!bySource.has(source)) return false;
      const at = deps.clock.now();
      await write(printClear(source, at), { kind: "clear", source, at });
      return true;
    },
  };
}

/** What was readable, and the sessions whose files name themselves, in the place where their time belongs. */
async function rebuild(readable: readonly IndexLine[], deps: SessionIndexDeps): Promise<string> {
  const lines = [...readable];
  const known = new Set(lines.map((line) => line.kind === "session" && line.session.id));
  const found = (await findSessions(deps)).filter((session) => !known.has(session.id));
  for (const session of found) {
    const later = lines.findIndex((line) => timeOf(line) > session.createdAt);
    lines.splice(later === -1 ? lines.length : later, 0, { kind: "session", session });
  }
  if (lines.length > 0) {
    deps.log.warn(
      { file: deps.path, lines: lines.length, fromSessionFiles: found.length },
      "wrote the index of sessions anew",
    );
  }
  return lines.map(printIndexLine).join("");
}

const timeOf = (line: IndexLine) => (line.kind === "clear" ? line.at : line.session.createdAt);

function printIndexLine(line: IndexLine): string {
  return line.kind === "clear" ? printClear(line.source, line.at) : printSession(line.session);
}

async function findSessions({ sessions, files, log }: SessionIndexDeps): Promise<Session[]> {
  const found: Session[] = [];
  const names = (await files.list(sessions)).filter((name) => name.endsWith(".jsonl"));
  for (const name of names) {
    const path = join(sessions, name);
    const session = readFirstLine(await files.readPart(path, 0, FIRST_LINE_BYTES));
    if (session && name === `${session.id}.jsonl`) found.push(session);
    else log.warn({ file: path }, "a session file does not say whose it is, so it is left alone");
  }
  return found;
}

/** More than any source takes. */
const FIRST_LINE_BYTES = 65_536;

function readFirstLine(text: string): Session | undefined {
  const end = text.indexOf("\n");
  if (end === -1 || text.slice(0, end).includes("\uFFFD")) return undefined;
  try {
    return parseSession(JSON.parse(text.slice(0, end)));
  } catch {
    // Reported by the caller, with the file's name.
    return undefined;
  }
}
