import type { Clock } from "../runtime/clock.ts";
import { errorMessage, UserError } from "../runtime/errors.ts";
import type { FileOps } from "../runtime/file-ops.ts";
import type { Log } from "../runtime/log.ts";
import { describeHolder, type Holder, isSameHolder, readHolder, writeHolder } from "./lock-file.ts";

export interface Heartbeat {
  /** Aborts, with a UserError as its reason, when another process turns out to serve the workspace too. */
  readonly lost: AbortSignal;
  /** Ends the heartbeat, and takes the record away if it is still ours. */
  stop(): Promise<void>;
}

export interface HeartbeatDeps {
  readonly path: string;
  readonly files: Pick<FileOps, "read" | "replace" | "remove">;
  readonly clock: Clock;
  readonly log: Log;
  /** The last holder, who is known to be gone: a disk that takes no write may still hold its record. */
  readonly dead?: Holder | undefined;
}

const BEAT_MS = 10_000;
/** Two containers that started at the same moment both found nobody: the one that wrote first sees the other here. */
const FIRST_LOOK_MS = 1_000;

/** Keeps the record of its holder fresh. The first one is written when it resolves, if the disk takes it. */
export async function startHeartbeat(self: Holder, deps: HeartbeatDeps): Promise<Heartbeat> {
  const { path, files, clock, log, dead } = deps;
  const stop = new AbortController();
  const lost = new AbortController();
  let isFailing = false;

  const write = () => writeHolder(path, { ...self, heartbeatAt: clock.now() }, files);
  const beat = async () => {
    const found = await readHolder(path, files);
    // One that beats again was not dead.
    const isDead = dead && found?.heartbeatAt === dead.heartbeatAt && isSameHolder(found, dead);
    if (found && !isDead && !isSameHolder(found, self)) lost.abort(lostTo(found));
    else await write();
  };
  /** A full disk must not stop the server: on this machine the socket is the lock. Said once, and when it is over. */
  const attempt = async (step: () => Promise<void>) => {
    try {
      await step();
      if (isFailing) log.info("the workspace's heartbeat is written again");
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.warn({ error: errorMessage(error) }, "cannot write the heartbeat");
      isFailing = true;
    }
  };
  const run = async () => {
    for (let wait = FIRST_LOOK_MS; !lost.signal.aborted; wait = BEAT_MS) {
      await clock.sleep(wait, stop.signal);
      await attempt(beat);
    }
  };

  await attempt(write);
  const ended = run().catch(() => {
    // Only the sleep rejects, and only because of the stop.
  });
  return {
    lost: lost.signal,
    async stop() {
      stop.abort();
      await ended;
      const found = await readHolder(path, files);
      if (found && isSameHolder(found, self)) await files.remove(path);
    },
  };
}

const lostTo = (holder: Holder) =>
  new UserError(
    `Cannot go on: the workspace is also served by my-bot (${describeHolder(holder)}); stop one of them`,
  );
