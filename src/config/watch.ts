import { dirname } from "node:path";
import { watch } from "chokidar";
import type { Clock } from "../runtime/clock.ts";
import { errorCode, errorMessage } from "../runtime/errors.ts";
import type { FileOps } from "../runtime/file-ops.ts";
import type { Log } from "../runtime/log.ts";

export interface WatchDeps {
  /** Absolute paths. A file need not exist yet, its folder must. */
  readonly paths: readonly string[];
  readonly files: Pick<FileOps, "read">;
  readonly clock: Clock;
  readonly log: Log;
  /** One of the files says something else now. Called again only after it has resolved; must not reject. */
  onChange(): Promise<void>;
}

export interface ConfigWatcher {
  /** Resolves when nothing is watched any more and no `onChange` runs. */
  close(): Promise<void>;
}

/** An editor saves in several steps; they count as one change. */
const SETTLE_MS = 150;

/**
 * Watches for changed contents: a file that was only touched is no change, one that was replaced by rename is.
 * Start it before the first load: whatever changes after it has resolved is reported.
 */
export async function watchConfig(deps: WatchDeps): Promise<ConfigWatcher> {
  const { clock, log } = deps;
  const stop = new AbortController();
  let known = await contents(deps);
  let isStirred = false;
  let working: Promise<void> | undefined;

  const work = async () => {
    do {
      isStirred = false;
      await clock.sleep(SETTLE_MS, stop.signal);
    } while (isStirred);
    const now = await contents(deps);
    if (now === known || stop.signal.aborted) return;
    known = now;
    await deps.onChange();
  };
  const stir = () => {
    isStirred = true;
    working ??= work()
      .catch((error) => {
        if (!stop.signal.aborted) log.error({ error }, "could not look at the configuration files");
      })
      .finally(() => {
        working = undefined;
        if (isStirred && !stop.signal.aborted) stir();
      });
  };

  const close = await startWatching(deps, stir);
  // What changed while the watcher was being set up.
  stir();
  return {
    async close() {
      stop.abort();
      await close();
      await working;
    },
  };
}

/** Watches the folders, not the files: a file that is replaced by rename takes its watch away with it. */
async function startWatching({ paths, log }: WatchDeps, stir: () => void) {
  const folders = [...new Set(paths.map((path) => dirname(path)))];
  const wanted = new Set([...paths, ...folders]);
  const watcher = watch(folders, {
    depth: 0,
    ignoreInitial: true,
    ignored: (path) => !wanted.has(path),
  });
  watcher.on("all", stir);
  watcher.on("error", (error) => {
    log.warn({ error: errorMessage(error) }, "cannot watch the configuration: restart after edits");
  });
  await new Promise<void>((resolve) => {
    watcher.once("ready", resolve);
    // Without a watch there is no reload, and the server still serves.
    watcher.once("error", () => resolve());
  });
  return () => watcher.close();
}

/** The files' contents as one value to compare. One that cannot be read differs from one that is not there. */
async function contents({ paths, files }: WatchDeps): Promise<string> {
  const texts = paths.map(async (path) => {
    try {
      return [await files.read(path)];
    } catch (error) {
      // The reload that this leads to reads the file itself, and reports.
      return errorCode(error) ?? "unreadable";
    }
  });
  return JSON.stringify(await Promise.all(texts));
}
