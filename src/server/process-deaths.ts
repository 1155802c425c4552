import { join } from "node:path";
import * as z from "zod";
import type { Clock } from "../runtime/clock.ts";
import { errorCode, errorMessage } from "../runtime/errors.ts";
import type { FileOps } from "../runtime/file-ops.ts";
import type { Log } from "../runtime/log.ts";
import { createSerial } from "../runtime/serial.ts";

/**
 * How often the process has died lately, whatever it was doing: a message is not blamed so soon in a process that dies
 * of other things too. Kept in one small file that says from the start on that a process runs, until its end begins;
 * unsynced, because only the death of the process counts. One that is lost makes the blame a little quicker.
 */
export interface ProcessDeaths {
  /** In the last ten minutes, of this workspace. */
  recent(): number;
  /** The process is about to end on purpose. Never rejects. */
  stopping(): Promise<void>;
}

export interface ProcessDeathsDeps {
  readonly files: Pick<FileOps, "makeDirectory" | "read" | "replace">;
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
}

const RECENT_MS = 600_000;
/** More say nothing more. */
const MAX_KEPT = 20;

const livesSchema = z.object({
  v: z.literal(1),
  /** A process runs, or has died. */
  running: z.boolean(),
  /** When a process found that the one before it had died, UTC ms. */
  deaths: z.array(z.number()),
});
type Lives = z.infer<typeof livesSchema>;

/** `directory`: the folder `.event/` of a workspace whose lock is held. Never rejects. */
export async function openProcessDeaths(
  directory: string,
  deps: ProcessDeathsDeps,
): Promise<ProcessDeaths> {
  const { files, clock, log } = deps;
  const path = join(directory, "lives.json");
  const serial = createSerial();
  const isRecent = (at: number) => Math.abs(clock.now() - at) < RECENT_MS;
  const before = await readLives(path, deps);
  const found = before.running ? [clock.now()] : [];
  const deaths = [...before.deaths.filter(isRecent), ...found].slice(-MAX_KEPT);

  const write = (running: boolean): Promise<void> =>
    serial(async () => {
      const lives: Lives = { v: 1, running, deaths };
      try {
        await files.makeDirectory(directory);
        await files.replace(path, `${JSON.stringify(lives)}\n`, { sync: false });
      } catch (error) {
        log.warn({ path, err: error }, "cannot note that the process runs");
      }
    });

  await write(true);
  return {
    recent: () => deaths.filter(isRecent).length,
    stopping: () => write(false),
  };
}

async function readLives(path: string, { files, log }: ProcessDeathsDeps): Promise<Lives> {
  try {
    return livesSchema.parse(JSON.parse(await files.read(path)));
  } catch (error) {
    if (errorCode(error) !== "ENOENT") {
      log.warn({ path, reason: errorMessage(error) }, "cannot read how often the process died");
    }
    return { v: 1, running: false, deaths: [] };
  }
}
