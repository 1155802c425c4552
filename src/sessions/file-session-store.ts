import { join } from "node:path";
import type { Clock } from "../runtime/clock.ts";
import type { FileOps } from "../runtime/file-ops.ts";
import type { Log } from "../runtime/log.ts";
import { createLineFile, type LineFile, type LineFileDeps } from "./line-file.ts";
import { createMessageCache, type MessageCache } from "./message-cache.ts";
import { createOpenFiles } from "./open-files.ts";
import type { ParseLine, Scan } from "./scan-lines.ts";
import { openSessionIndex, type SessionIndex } from "./session-index.ts";
import { parseMessage, parseSession, printMessage, printSession } from "./session-lines.ts";
import type { Session, SessionMessage, SessionStore } from "./session-store.ts";
import { createTranscripts } from "./transcripts.ts";

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
  /** A session's file that is longer is set aside, and goes on with its last quarter of this. */
  readonly maxBytes?: number;
  /** Files whose state is kept in mind, beside those in use. */
  readonly maxTranscripts?: number;
}

/** Session files that are known at once beside those in use: about 2 KB each, and a reading if one is used again. */
const MAX_TRANSCRIPTS = 2048;

/** Four times what the largest models take at once; a small machine can hold it. */
const MAX_BYTES = 16_000_000;

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
  const { maxBytes = MAX_BYTES } = options;
  const deps: LineFileDeps = { files, openFiles, broken, clock, log };
  const index = await openSessionIndex({ ...deps, path: join(directory, "index.jsonl"), sessions });
  const cache = createMessageCache(options.cacheChars ?? 8_000_000);
  const transcripts = createTranscripts({
    max: options.maxTranscripts ?? MAX_TRANSCRIPTS,
    open: (sessionId) =>
      createLineFile(sessionFormat(known(index, sessionId), { folder: sessions, maxBytes }), deps),
  });
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
    read: (sessionId) => transcripts.use(sessionId, (file) => readMessages(file, sessionId, cache)),
    append: (sessionId, message) =>
      transcripts.use(sessionId, async (file) => {
        await file.append(printMessage(message));
        cache.add(sessionId, message);
      }),
    sync: (sessionId) => transcripts.use(sessionId, (file) => file.sync()),
    close: openFiles.close,
  };
}

function known(index: SessionIndex, sessionId: string): Session {
  const session = index.get(sessionId);
  if (session) return session;
  throw new Error(`Cannot open session "${sessionId}": it is not in the index`);
}

async function readMessages(
  file: LineFile<SessionLine>,
  sessionId: string,
  cache: MessageCache,
): Promise<readonly SessionMessage[]> {
  const held = cache.get(sessionId);
  if (held) return held;
  const lines = await file.read();
  const messages = lines.flatMap((line) => (line.kind === "message" ? [line.message] : []));
  cache.set(sessionId, messages);
  return messages;
}

const sessionPath = (session: Session, folder: string) => join(folder, `${session.id}.jsonl`);

function sessionFormat(
  session: Session,
  { folder, maxBytes }: { readonly folder: string; readonly maxBytes: number },
) {
  const parse: ParseLine<SessionLine> = (json, index) => {
    if (index === 0) return parseSession(json)?.id === session.id ? { kind: "header" } : undefined;
    const message = parseMessage(json);
    return message && { kind: "message", message };
  };
  return {
    path: sessionPath(session, folder),
    parse,
    bound: { maxBytes, keepBytes: Math.floor(maxBytes / 4), head: printSession(session) },
    // Only what comes before the damage: behind it, a turn could have lost its middle.
    async rebuild({ scan, text }: { scan: Scan<SessionLine>; text: string }) {
      const { lines } = scan.prefix;
      const kept = lines > 0 ? text.split("\n").slice(0, lines).join("\n") : "";
      return kept === "" ? printSession(session) : `${kept}\n`;
    },
  };
}
