import type { FileOps } from "../runtime/file-ops.ts";
import type { WorkspacePaths } from "../workspace/paths.ts";
import { type Path, type Problem, pathKey } from "../workspace/settings/problem.ts";
import type { YamlFile } from "../workspace/settings/read-yaml.ts";
import { suggest } from "../workspace/settings/schema-keys.ts";
import { validate } from "../workspace/settings/validate.ts";
import { isMapping } from "../workspace/settings/walk-yaml.ts";
import type { ChannelConfig, Config, Owner } from "./config.ts";
import { deepFreeze } from "./deep-freeze.ts";
import { expandReferences } from "./expand-references.ts";
import { modernise } from "./older-spellings.ts";
import { type ReadChannel, readChannel, TERMINAL } from "./read-channels.ts";
import type { RuntimeConfig } from "./runtime-config.ts";
import { type Settings, settingsSchema } from "./schema.ts";
import { readSecrets } from "./secrets.ts";

export interface BuildDeps {
  readonly paths: WorkspacePaths;
  readonly files: Pick<FileOps, "read">;
  readonly env: Readonly<Record<string, string>>;
  readonly runtime: RuntimeConfig;
}

export type Built =
  | { readonly kind: "wrong"; readonly problems: readonly Problem[] }
  | {
      readonly kind: "ok";
      readonly config: Config;
      readonly warnings: readonly Problem[];
      readonly notes: readonly string[];
      readonly secrets: readonly string[];
      lineOf(path: Path): number;
    };

/** Makes the configuration from what the person wrote, the environment, and what the machine remembers. */
export async function buildConfig(written: YamlFile, deps: BuildDeps): Promise<Built> {
  const { file, channelsOn, warnings, problems: older } = modernise(written);
  const { lineOf } = file;
  const isUsed = (path: Path) => !isSwitchedOff(file.value, path);
  const envFile = deps.paths.env;
  const expanded = expandReferences(file.value, { env: deps.env, envFile, lineOf, isUsed });
  const root = deps.paths.root;
  const open = await readSecrets(expanded.value, { files: deps.files, root, lineOf, isUsed });

  const namesAt = (path: Path) => expanded.references.get(pathKey(path)) ?? [];
  const isExpanded = (path: Path) => file.isPlain(path) && namesAt(path).length > 0;
  const settings = validate(settingsSchema, open.value, { path: [], lineOf, isExpanded });
  const channels = channelEntries(open.value).map(([name, given]) =>
    readChannel(name, given, { lineOf, isExpanded, namesAt, envFile, channelsOn }),
  );
  const unfilled = [...expanded.problems, ...open.problems];
  const unfit = [settings, ...channels].flatMap((read) =>
    read.kind === "wrong" ? read.problems : [],
  );
  const problems = [
    ...older,
    ...unfilled,
    // A value that could not be filled in does not fit either: one line says it.
    ...unfit.filter(
      (problem) => !unfilled.some(({ path }) => pathKey(path) === pathKey(problem.path)),
    ),
    ...sharedTokens(channels, lineOf),
    ...(settings.kind === "ok" ? strangeOwner(settings.value, lineOf) : []),
  ];
  if (settings.kind === "wrong" || problems.length > 0) return { kind: "wrong", problems };
  return {
    kind: "ok",
    config: deepFreeze(assemble(settings.value, channels, deps.runtime)),
    warnings,
    notes: channels.flatMap((channel) => (channel.kind === "off" ? (channel.note ?? []) : [])),
    secrets: open.secrets,
    lineOf,
  };
}

function assemble(
  { channels: _, owner, default_agent: defaultAgent, ...settings }: Settings,
  channels: readonly ReadChannel[],
  runtime: RuntimeConfig,
): Config {
  const on = channels.flatMap((read): [string, ChannelConfig][] => {
    if (read.kind !== "on") return [];
    const { name, channel } = read;
    return [[name, { ...channel, name, paired: runtime.allow[name] ?? [] }]];
  });
  const terminal = channels.find((channel) => channel.kind === "terminal");
  return {
    ...settings,
    defaultAgent,
    owner: owner ? { ...owner, origin: "user" } : pairedOwner(runtime),
    channels: Object.fromEntries(on),
    channelsOff: channels.flatMap((channel) => (channel.kind === "off" ? [channel.off] : [])),
    terminal: { enabled: terminal?.enabled ?? true },
  };
}

function pairedOwner({ owner }: RuntimeConfig): Owner | undefined {
  if (owner === undefined) return undefined;
  const slash = owner.indexOf("/");
  return { channel: owner.slice(0, slash), chat: owner.slice(slash + 1), origin: "pairing" };
}

function channelEntries(value: unknown): [string, unknown][] {
  const { channels } = isMapping(value) ? value : {};
  return isMapping(channels) ? Object.entries(channels) : [];
}

function isSwitchedOff({ channels }: YamlFile["value"], [section, name]: Path): boolean {
  if (section !== "channels" || !isMapping(channels)) return false;
  const options = channels[String(name)];
  const { enabled } = isMapping(options) ? options : {};
  return enabled === false;
}

/** Two channels that poll one bot would take its messages from each other. */
function sharedTokens(
  channels: readonly ReadChannel[],
  lineOf: (path: Path) => number,
): readonly Problem[] {
  const on = channels.flatMap((read) =>
    read.kind === "on" ? [{ name: read.name, token: read.channel.options.token }] : [],
  );
  return on.flatMap(({ name, token }, index) => {
    const first = on.findIndex((other) => other.token === token);
    if (first === index) return [];
    const what = `channel \`${name}\` has the same token as \`${on[first]?.name}\``;
    return [{ line: lineOf(["channels", name, "token"]), what, remedy: "give each its own bot" }];
  });
}

function strangeOwner(
  { owner, channels }: Settings,
  lineOf: (path: Path) => number,
): readonly Problem[] {
  const names = [...Object.keys(channels).filter((name) => name !== TERMINAL), TERMINAL];
  if (!owner || names.includes(owner.channel)) return [];
  const what = `\`owner\` names channel \`${owner.channel}\`, which is not configured`;
  return [{ line: lineOf(["owner"]), what, remedy: suggest(owner.channel, names) }];
}
