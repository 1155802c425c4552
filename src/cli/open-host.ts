import { randomUUID } from "node:crypto";
import type { LoadedConfig } from "../config/load.ts";
import { systemClock } from "../runtime/clock.ts";
import { createLog, type LogOptions } from "../runtime/create-log.ts";
import { createFileTroubles } from "../runtime/file-troubles.ts";
import type { Log } from "../runtime/log.ts";
import { createRedactor, type Redactor } from "../runtime/redact.ts";
import { createReleasers, type Releasers } from "../runtime/releasers.ts";
import { withoutSyncs } from "../runtime/unsynced-files.ts";
import { createControlWorker } from "../server/control/control-worker.ts";
import { createServer, type Server } from "../server/server.ts";
import type { ServerDeps } from "../server/server-deps.ts";
import { type CommandContext, readVersion } from "./context.ts";
import { controlPathHere } from "./find-server.ts";
import { load } from "./load.ts";
import { lockWorkspace } from "./lock-workspace.ts";
import { printError } from "./output.ts";
import type { StopSignals } from "./stop-signals.ts";

export interface HostOptions extends Pick<ServerDeps, "mode" | "announce" | "tools"> {
  readonly log: LogOptions["destination"];
  /** Ends the waiting for a workspace that is in use. */
  readonly stop: AbortSignal;
}

/** The server of a workspace in this process; the workspace is locked until `close`. */
export interface Host {
  readonly server: Server;
  readonly loaded: LoadedConfig;
  readonly log: Log;
  /** Resolves after a drain; rejects when the server cannot go on. */
  run(signals: Pick<StopSignals, "stop" | "abort">): Promise<void>;
  close(): Promise<void>;
}

/** Rejects with a UserError if the configuration has mistakes or the workspace is in use. */
export async function openHost(context: CommandContext, options: HostOptions): Promise<Host> {
  const releasers = createReleasers();
  try {
    return await assemble(context, options, releasers);
  } catch (error) {
    await releasers.releaseAll();
    throw error;
  }
}

async function assemble(
  context: CommandContext,
  { mode, announce, tools = [], log: destination, stop: stopWaiting }: HostOptions,
  releasers: Releasers,
): Promise<Host> {
  const { paths } = context;
  const loaded = await load(context);
  const redactor = createRedactor(loaded.secrets);
  const opened = await openLog(context, { loaded, destination, redactor, releasers });
  const { log, setLevel } = opened;
  const troubles = watchFiles(context, loaded, log);
  const { files } = troubles;
  const control = await controlPathHere(context);
  const lock = await lockWorkspace({ ...context, files }, log, { control, signal: stopWaiting });
  releasers.add(lock.release);
  const server = await createServer({
    ...{ paths, files, loaded, log, mode, announce, tools },
    clock: systemClock,
    random: Math.random,
    newId: randomUUID,
    version: readVersion(),
    addSecrets: redactor.add,
    fileProblems: () => [...troubles.problems(), ...opened.problems()],
    async reload() {
      const now = await load(context);
      setLevel(now.config.log.level);
      return now;
    },
  });
  const workers = [
    createControlWorker(server, {
      ...{ files, log, clock: systemClock, socketPath: control, events: paths.events },
      agent: () => loaded.config.defaultAgent,
    }),
  ];
  return {
    ...{ server, loaded, log, close: releasers.releaseAll },
    async run({ stop, abort }) {
      log.info({ version: readVersion(), workspace: paths.root, mode }, "my-bot starts");
      await server.run({
        stop: AbortSignal.any([stop, lock.lost]),
        abort: AbortSignal.any([abort, lock.lost]),
        workers,
      });
      lock.lost.throwIfAborted();
      log.info("my-bot stopped");
    },
  };
}

function watchFiles({ paths, files }: CommandContext, { config }: LoadedConfig, log: Log) {
  return createFileTroubles({
    files: config.events.sync === "full" ? files : withoutSyncs(files),
    root: paths.root,
    clock: systemClock,
    log,
  });
}

interface LogParts {
  readonly loaded: LoadedConfig;
  readonly destination: LogOptions["destination"];
  readonly redactor: Redactor;
  readonly releasers: Releasers;
}

async function openLog({ files }: CommandContext, parts: LogParts) {
  const { loaded, destination, redactor, releasers } = parts;
  let isFailing = false;
  const created = await createLog({
    level: loaded.config.log.level,
    destination,
    redactor,
    files,
    onFailure(error) {
      if (!isFailing) printError(`my-bot: ${error.message}`);
      isFailing = true;
    },
  });
  releasers.add(created.close);
  return created;
}
