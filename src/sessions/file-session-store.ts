import { join } from "node:path";
import type { Clock } from "../runtime/clock.ts";
import type { FileOps } from "../runtime/file-ops.ts";
import type { Log } from "../runtime/log.ts";
import { createLineFile, type LineFile, type LineFileDeps } from "./line-file.ts";
import { createMessageCache, type MessageCache } from "./message-cache.ts";
import { createOpenFiles } from "./open-files.ts";
import type { ParseLine, Scan } from "./scan-lines.ts";
import { createSerial, type Serial } from "./serial.ts";
import { openSessionIndex, type SessionIndex } from "./session-index.ts";
import { parseMessage, parseSession, printMessage, printSession } from "./session-lines.ts";
import type { Session, SessionMessage, SessionStore } from "./session-store.ts";

export interface FileSessionStoreOptions {
  /** The `.history` folder. Made if there is none. */
  readonly directory: string;
  readonly files: FileOps;
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
  /** Makes session ids: letters, digits, "-" and "_", at most 64 (a UUID). */
  readonly newId: () => string;
  /** Characters of messages kept in memory. */
  readonly cacheChars?: number;
  /** Files kept open for appending. */
  readonly maxOpenFiles?: number;
}

/** One session's file. Operations run one after another; `serial` also orders the cache's changes. */
interface Transcript {
  readonly file: LineFile<SessionLine>;
  readonly serial: Serial;
}

type SessionLine =
  | { readonly kind: "header" }
  | { readonly kind: "message"; readonly message: SessionMessage };

/** Reads the index, which is repaired or rebuilt if it must be. Rejects if the folder cannot be used. */
export async function openFileSessionStore(
  options: FileSessionStoreOptions,
): Promise<SessionStore> {
  const { directory, files, clock, log, newId } = options;
  const sessions = join(directory, "sessions");
  const broken = join(directory, "broken");
  for (const folder of [sessions, broken]) await files.makeDirectory(folder);
  await files.syncDirectory(directory);
  const openFiles = createOpenFiles({ files, log, max: options.maxOpenFiles ?? 64 });
  const deps: LineFileDeps = { files, openFiles, broken, clock, log };
  const index = await openSessionIndex({ ...deps, path: join(directory, "index.jsonl"), sessions });
  const cache = createMessageCache(options.cacheChars ?? 8_000_000);
  const transcriptOf = createTranscripts(index, sessions, deps);
  const resolving = new Map<string, Promise<Session>>();

  async function create(source: string, agentId: string): Promise<Session> {
    const session = { id: newId(), agentId, source, createdAt: clock.now() };
    // Its own file first: an index that names a session without a file would be the worse half.
    await files.replace(sessionPath(session, sessions), printSession(session), { sync: true });
    await index.add(session);
    return session;
  }

  return {
    async resolve(source, agentId) {
      const current = index.current(source);
      if (current) return current;
      const inFlight = resolving.get(source);
      if (inFlight !== undefined) return inFlight;
      const made = create(source, agentId).finally(() => resolving.delete(source));
      resolving.set(source, made);
      return made;
    },
    current: index.current,
    get: index.get,
    clear: index.clear,
    read: async (sessionId) => readMessages(transcriptOf(sessionId), sessionId, cache),
    async append(sessionId, message) {
      const { file, serial } = transcriptOf(sessionId);
      await serial(async () => {
        await file.append(printMessage(message));
        cache.add(sessionId, message);
      });
    },
    async sync(sessionId) {
      const { file, serial } = transcriptOf(sessionId);
      await serial(() => file.sync());
    },
    close: openFiles.close,
  };
}

/** Throws for a session that is not in the index. */
function createTranscripts(index: SessionIndex, folder: string, deps: LineFileDeps) {
  const transcripts = new Map<string, Transcript>();
  return (sessionId: string): Transcript => {
    const known = transcripts.get(sessionId);
    if (known) return known;
    const session = index.get(sessionId);
    if (!session) throw new Error(`Cannot open session "${sessionId}": it is not in the index`);
    const file = createLineFile(sessionFormat(session, folder), deps);
    const made = { file, serial: createSerial() };
    transcripts.set(sessionId, made);
    return made;
  };
}

function readMessages(
  { file, serial }: Transcript,
  sessionId: string,
  cache: MessageCache,
): Promise<readonly SessionMessage[]> {
  return serial(async () => {
    const held = cache.get(sessionId);
    if (held) return held;
    const lines = await file.read();
    const messages = lines.flatMap((line) => (line.kind === "message" ? [line.message] : []));
    cache.set(sessionId, messages);
    return messages;
  });
}

const sessionPath = (session: Session, folder: string) => join(folder, `${session.id}.jsonl`);

function sessionFormat(session: Session, folder: string) {
  const parse: ParseLine<SessionLine> = (json, index) => {
    if (index === 0) return parseSession(json)?.id === session.id ? { kind: "header" } : undefined;
    const message = parseMessage(json);
    return message && { kind: "message", message };
  };
  return {
    path: sessionPath(session, folder),
    parse,
    // Only what comes before the damage: behind it, a turn could have lost its middle.
    async rebuild({ scan, text }: { scan: Scan<SessionLine>; text: string }) {
      const { lines } = scan.prefix;
      const kept = lines > 0 ? text.split("\n").slice(0, lines).join("\n") : "";
      return kept === "" ? printSession(session) : `${kept}\n`;
    },
  };
}
