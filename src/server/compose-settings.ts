import { join } from "node:path";
import { accessRules } from "../channels/access.ts";
import { createChannel } from "../channels/create-channel.ts";
import { openFileConversationMarks } from "../channels/file-conversation-marks.ts";
import { createTerminalChannel, type TerminalChannel } from "../channels/terminal/channel.ts";
import { awaitingStart } from "../config/awaiting-start.ts";
import type { ChannelConfig, Config } from "../config/config.ts";
import { connectionText } from "../config/connection-text.ts";
import type { LoadedConfig } from "../config/load.ts";
import {
  createRuntimeConfig,
  EMPTY_RUNTIME,
  type RuntimeConfig,
} from "../config/runtime-config.ts";
import type { EventBus } from "../events/event-bus.ts";
import { errorMessage } from "../runtime/errors.ts";
import {
  type ChannelRegistry,
  type ChannelSpec,
  createChannelRegistry,
} from "./channel-registry.ts";
import { createGrants, type Grants } from "./grants.ts";
import { createLiveConfig, type LiveConfig, NOT_RELOADED } from "./live-config.ts";
import { createOwnerNotices, type OwnerNotices } from "./owner-notices.ts";
import { createPairing, type Pairing } from "./pairing.ts";
import { newPairingCode } from "./pairing-code.ts";
import type { Person } from "./person.ts";
import type { ServerDeps } from "./server-deps.ts";

/** The configuration that is in force, and everything that follows its changes. */
export interface Settings {
  readonly live: LiveConfig<LoadedConfig>;
  readonly channels: ChannelRegistry;
  readonly terminal: TerminalChannel;
  readonly notices: OwnerNotices;
  readonly pairing: Pairing;
  readonly grants: Grants;
}

export function composeSettings(
  deps: ServerDeps,
  { bus, boot }: { bus: EventBus; boot: string },
): Settings {
  const { clock, log, newId } = deps;
  const channels = createChannelRegistry(clock);
  const terminal = createTerminalChannel({ name: TERMINAL, clock, newId });
  const apply = ({ config, secrets, warnings }: LoadedConfig) => {
    deps.addSecrets(secrets);
    const later = awaitingStart(deps.loaded.config, config);
    for (const warning of [...warnings, ...later]) log.warn(warning);
    channels.apply(specsOf(deps, config, terminal));
  };
  const notices = createOwnerNotices(() => live.now().config.owner, boot);
  const tellOwner = (mistakes: readonly string[]) => {
    for (const mistake of mistakes) deps.announce(`${NOT_RELOADED}: ${mistake}`);
    const text = [
      "The configuration was not reloaded, the old one goes on:",
      ...mistakes.map((mistake) => `- ${mistake}`),
    ].join("\n");
    bus.publish(notices.trouble(text, clock.now())).catch((error) => {
      log.warn(
        { reason: errorMessage(error) },
        "cannot tell the owner of a mistake in the configuration",
      );
    });
  };
  const live = createLiveConfig({
    initial: deps.loaded,
    load: deps.reload,
    signature: () => configSignature(deps),
    apply,
    onProblem: tellOwner,
    log,
  });
  apply(deps.loaded);
  return { live, channels, terminal, notices, ...composePairing(deps, { live, bus, boot }) };
}

const TERMINAL = "terminal";

/** In `chat` mode only the terminal is served; what other channels are owed waits for a server. */
function specsOf(
  deps: ServerDeps,
  config: Config,
  terminal: TerminalChannel,
): readonly ChannelSpec[] {
  const ownTerminal: ChannelSpec = {
    name: TERMINAL,
    platform: terminal.platform,
    connection: "",
    // Whoever reaches the terminal or the control socket can read the workspace's files anyway.
    settings: { access: { everyone: true, users: new Set(), groups: new Map() }, replyTo: "never" },
    create: async () => terminal,
  };
  if (deps.mode === "chat") return [ownTerminal];
  const platforms = Object.values(config.channels).map((channel) => platformSpec(deps, channel));
  return [...(config.terminal.enabled ? [ownTerminal] : []), ...platforms];
}

function platformSpec(deps: ServerDeps, channel: ChannelConfig): ChannelSpec {
  const { name, platform, options, paired } = channel;
  const { clock, random, files, paths } = deps;
  const log = deps.log.child({ channel: name });
  const marksFile = join(paths.events, "marks", `${name}.json`);
  const openMarks = () => openFileConversationMarks(marksFile, { files, clock, log });
  return {
    name,
    platform,
    connection: connectionText(channel),
    settings: {
      access: accessRules(options, paired),
      replyTo: options.replyTo,
      rate: platform === "telegram" ? options.rate : undefined,
    },
    create: () => createChannel(name, withPaired(channel), { clock, random, log, openMarks }),
  };
}

/** Sizes and times of the configuration's files. */
async function configSignature({ files, paths }: ServerDeps): Promise<string> {
  const parts = [paths.userConfig, paths.runtimeConfig, paths.env].map(async (path) => {
    try {
      const found = await files.stat(path);
      return found ? `${found.size}/${found.modifiedMs}/${found.changedMs}` : "none";
    } catch (error) {
      // The reading that this leads to reports it.
      return errorMessage(error);
    }
  });
  return (await Promise.all(parts)).join(" ");
}

/** Discord opens a chat with each named user, and catches up on what they wrote: paired ones are named too. */
function withPaired(channel: ChannelConfig): ChannelConfig {
  if (channel.platform !== "discord") return channel;
  const allow_from = [...new Set([...channel.options.allow_from, ...channel.paired])];
  return { ...channel, options: { ...channel.options, allow_from } };
}

interface PairingParts {
  readonly live: LiveConfig<LoadedConfig>;
  readonly bus: EventBus;
  readonly boot: string;
}

function composePairing(
  deps: ServerDeps,
  parts: PairingParts,
): Pick<Settings, "pairing" | "grants"> {
  const { paths, files, clock, log } = deps;
  const { live, bus, boot } = parts;
  const runtime = createRuntimeConfig({ path: paths.runtimeConfig, files, clock, log });
  async function change(edit: (now: RuntimeConfig) => RuntimeConfig) {
    await runtime.update(edit);
    await live.reload();
  }
  const grants = createGrants({
    async read() {
      const found = await runtime.read();
      return found.kind === "ok" ? found.value : EMPTY_RUNTIME;
    },
    change: (edit) => change((now) => ({ ...now, ...edit(now) })),
    publish: bus.publish,
    boot,
    log,
  });
  const pairing = createPairing({
    clock,
    log,
    grants,
    newCode: newPairingCode,
    hasOwner: () => live.now().config.owner !== undefined,
    makeOwner: (person) =>
      change((now) => ({ ...allowed(now, person), owner: `${person.channel}/${person.chat}` })),
  });
  return { pairing, grants };
}

function allowed(now: RuntimeConfig, { channel, sender }: Person): RuntimeConfig {
  const users = new Set([...(now.allow[channel] ?? []), sender.id]);
  return { ...now, allow: { ...now.allow, [channel]: [...users] } };
}
