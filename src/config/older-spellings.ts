import type { Path, Problem } from "../workspace/settings/problem.ts";
import type { YamlFile } from "../workspace/settings/read-yaml.ts";
import { isMapping } from "../workspace/settings/walk-yaml.ts";

export interface Modern {
  /** The same file as if it had been written with today's keys; lines are those of the real one. */
  readonly file: YamlFile;
  /** False if the older master switch turns all channels off. */
  readonly channelsOn: boolean;
  readonly warnings: readonly Problem[];
  readonly problems: readonly Problem[];
}

const MODERN_KEYS: Readonly<Record<string, string>> = {
  bot_token: "token",
  allowed_user_ids: "allow_from",
};

/** Reads the spellings of older configurations: two keys of channels, and the switch `channels.enabled`. */
export function modernise(file: YamlFile): Modern {
  const { channels } = file.value;
  if (!isMapping(channels)) return { file, channelsOn: true, warnings: [], problems: [] };
  const { enabled, ...named } = channels;
  const { value, origins, warnings, problems } = renameKeys(named, file);
  const masterSwitch = readSwitch(enabled, file.lineOf(["channels", "enabled"]));
  return {
    file: relocated(file, { ...file.value, channels: value }, origins),
    channelsOn: enabled !== false,
    warnings: [...warnings, ...masterSwitch.warnings],
    problems: [...problems, ...masterSwitch.problems],
  };
}

function renameKeys(channels: Readonly<Record<string, unknown>>, { lineOf }: YamlFile) {
  const origins = new Map<string, string>();
  const warnings: Problem[] = [];
  const problems: Problem[] = [];

  const modernKey = (name: string, key: string, isTaken: (key: string) => boolean) => {
    const modern = MODERN_KEYS[key];
    if (modern === undefined) return key;
    const line = lineOf(["channels", name, key]);
    const what = `\`${key}\` is the older spelling of \`${modern}\``;
    if (isTaken(modern))
      problems.push({ line, what: `${what}, which is here too`, remedy: "remove it" });
    else warnings.push({ line, what, remedy: `write \`${modern}\`` });
    origins.set(originKey(name, modern), key);
    return modern;
  };

  const value = Object.entries(channels).map(([name, options]): [string, unknown] => {
    if (!isMapping(options)) return [name, options];
    const isTaken = (key: string) => key in options;
    const entries = Object.entries(options).map(([key, inner]) => [
      modernKey(name, key, isTaken),
      inner,
    ]);
    return [name, Object.fromEntries(entries)];
  });
  return { value: Object.fromEntries(value), origins, warnings, problems };
}

function readSwitch(enabled: unknown, line: number): Pick<Modern, "warnings" | "problems"> {
  if (enabled === undefined) return { warnings: [], problems: [] };
  if (typeof enabled !== "boolean") {
    const what = "`channels.enabled` is not true or false";
    return { warnings: [], problems: [{ line, what, remedy: "remove it" }] };
  }
  const what = "`channels.enabled` is the older switch for all channels";
  const remedy = enabled ? "remove it" : "write `enabled: false` into each channel";
  return { warnings: [{ line, what, remedy }], problems: [] };
}

function relocated(
  file: YamlFile,
  value: YamlFile["value"],
  origins: ReadonlyMap<string, string>,
): YamlFile {
  const origin = (path: Path): Path => {
    const [section, name, key, ...rest] = path;
    const written = section === "channels" ? origins.get(originKey(name, key)) : undefined;
    return written === undefined || name === undefined
      ? path
      : ["channels", name, written, ...rest];
  };
  return {
    value,
    lineOf: (path) => file.lineOf(origin(path)),
    isPlain: (path) => file.isPlain(origin(path)),
  };
}

const originKey = (name: string | number | undefined, key: string | number | undefined) =>
  JSON.stringify([name, key]);
