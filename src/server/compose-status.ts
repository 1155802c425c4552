import { awaitingStart } from "../config/awaiting-start.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { EventBus } from "../events/event-bus.ts";
import type { EventStore } from "../events/event-store.ts";
import { errorMessage } from "../runtime/errors.ts";
import type { ChannelRegistry } from "./channel-registry.ts";
import type { Agents } from "./compose-agents.ts";
import type { DeadLetters } from "./control/dead-letters.ts";
import type { LiveConfig } from "./live-config.ts";
import { watchLoopDelay } from "./loop-delay.ts";
import type { Pairing } from "./pairing.ts";
import type { ServerDeps } from "./server-deps.ts";
import { describeSetAside, findSetAside } from "./set-aside-files.ts";
import { reportStatus, type StatusReport } from "./status.ts";
import type { Strangers } from "./strangers.ts";

interface StatusParts {
  readonly bus: EventBus;
  readonly store: EventStore;
  readonly channels: ChannelRegistry;
  readonly strangers: Strangers;
  readonly pairing: Pairing;
  readonly live: LiveConfig<LoadedConfig>;
  readonly agents: Pick<Agents, "problems">;
  readonly letters: DeadLetters;
}

/** Gathers how everything is from those who know. */
export function composeStatus(deps: ServerDeps, parts: StatusParts): () => Promise<StatusReport> {
  const { bus, store, channels, strangers, pairing, live, agents, letters } = parts;
  const startedAt = deps.clock.now();
  const loopDelay = watchLoopDelay(bus);
  return async () => {
    const damaged = await damagedFiles(deps);
    return reportStatus({
      ...{ version: deps.version, workspace: deps.paths.root, startedAt, channels },
      ...{ counts: bus.counts, store: store.health, strangers: strangers.list },
      ...{ unseen: letters.unseenCount, now: deps.clock.now },
      pairingCode: pairing.ownerCode,
      configProblems: live.problems,
      agentProblems: await agents.problems(),
      warnings: [...live.now().warnings, ...awaitingStart(deps.loaded.config, live.now().config)],
      fileProblems: () => [...deps.fileProblems(), ...damaged],
      loopDelay,
    });
  };
}

async function damagedFiles({ paths, files, log }: ServerDeps): Promise<readonly string[]> {
  try {
    return describeSetAside(await findSetAside(paths, files));
  } catch (error) {
    log.debug({ reason: errorMessage(error) }, "cannot look for damaged files");
    // A folder that cannot be listed is a problem by itself, which `fileProblems` has.
    return [];
  }
}
