import * as z from "zod";
import { type Path, type PlacedProblem, printPath } from "../workspace/settings/problem.ts";
import { nearest, suggest } from "../workspace/settings/schema-keys.ts";
import { type ValidateDeps, validate } from "../workspace/settings/validate.ts";
import { isMapping } from "../workspace/settings/walk-yaml.ts";
import {
  type ChannelOff,
  optionsSchemas,
  type PlatformOptions,
  platformOptionsSchema,
  platformSchema,
} from "./config.ts";
import { channelShape, terminalSchema } from "./schema.ts";

export type ReadChannel =
  | { readonly kind: "on"; readonly name: string; readonly channel: PlatformOptions }
  /** `note` says in one line what the person may not know. */
  | { readonly kind: "off"; readonly off: ChannelOff; readonly note?: string | undefined }
  | { readonly kind: "terminal"; readonly enabled: boolean }
  | { readonly kind: "wrong"; readonly problems: readonly PlacedProblem[] };

export interface ReadChannelDeps extends Pick<ValidateDeps, "lineOf" | "isExpanded"> {
  /** The environment's names that the value at a path was made from. */
  namesAt(path: Path): readonly string[];
  /** Where to set them. */
  readonly envFile: string;
  /** False if all channels are switched off. */
  readonly channelsOn: boolean;
}

/** The name of the terminal's channel: it needs no platform. */
export const TERMINAL = "terminal";
const NAME = /^[a-z0-9][a-z0-9_-]*$/;
const TOKEN = "token";

/** Reads one entry of `channels`. */
export function readChannel(name: string, given: unknown, deps: ReadChannelDeps): ReadChannel {
  const path = ["channels", name];
  const line = deps.lineOf(path);
  const wrong = (what: string, remedy: string): ReadChannel => ({
    kind: "wrong",
    problems: [{ path, line, what, remedy }],
  });
  if (!NAME.test(name)) {
    return wrong(`\`${name}\` cannot be the name of a channel`, "use a-z, 0-9, - and _");
  }
  if (given !== undefined && !isMapping(given)) {
    return wrong(`\`${printPath(path)}\` is not a mapping`, "write its options under it, indented");
  }
  const written = given ?? {};
  if (name === TERMINAL) return readTerminal(written, { ...deps, path });
  return readPlatform(name, written, deps);
}

function readTerminal(given: unknown, deps: ValidateDeps): ReadChannel {
  const terminal = validate(terminalSchema, given, deps);
  if (terminal.kind === "wrong") return terminal;
  return { kind: "terminal", enabled: terminal.value.enabled };
}

function readPlatform(
  name: string,
  given: Readonly<Record<string, unknown>>,
  deps: ReadChannelDeps,
): ReadChannel {
  const path = ["channels", name];
  const { platform: written, enabled, ...options } = given;
  const platform = platformSchema.safeParse(written ?? name);
  if (!platform.success) return unknownPlatform(name, written, deps);

  const general = validate(generalSchema, { enabled }, { ...deps, path });
  const schema = optionsSchemas[platform.data];
  const own = validate(schema, options, { ...deps, path, moreKeys: Object.keys(channelShape) });
  const problems = [...problemsOf(general), ...problemsOf(own)];
  const off = general.kind === "ok" ? whyOff(name, { options, ...general.value }, deps) : undefined;
  // What is off needs no token; every other mistake in it is one.
  const serious = off ? problems.filter((problem) => !isAboutToken(problem)) : problems;
  if (serious.length > 0) return { kind: "wrong", problems: serious };
  if (off || own.kind === "wrong")
    return { kind: "off", ...off, off: { name, reason: off?.reason ?? "" } };
  const channel = platformOptionsSchema.parse({ platform: platform.data, options: own.given });
  return { kind: "on", name, channel };
}

const generalSchema = z.object({ enabled: channelShape.enabled });

function unknownPlatform(name: string, written: unknown, { lineOf }: ReadChannelDeps): ReadChannel {
  const known = platformSchema.options;
  const path = ["channels", name, ...(written === undefined ? [] : ["platform"])];
  const what =
    written === undefined
      ? `channel \`${name}\` has no platform`
      : `\`${printPath(path)}\` is ${JSON.stringify(written)}`;
  const near = nearest(String(written ?? name), [...known, TERMINAL]);
  const remedy =
    written === undefined && near === undefined
      ? `add ${known.map((platform) => `\`platform: ${platform}\``).join(" or ")}`
      : suggest(String(written ?? name), written === undefined ? [...known, TERMINAL] : known);
  return { kind: "wrong", problems: [{ path, line: lineOf(path), what, remedy }] };
}

function whyOff(
  name: string,
  { options, enabled }: { options: Readonly<Record<string, unknown>>; enabled: boolean },
  deps: ReadChannelDeps,
): { reason: string; note?: string } | undefined {
  if (!enabled) return { reason: "`enabled` is false" };
  if (!deps.channelsOn) return { reason: "`channels.enabled` is false" };
  if (options[TOKEN] !== "") return undefined;
  const names = deps.namesAt(["channels", name, TOKEN]);
  const reason = "its token is empty";
  const remedy = names.length > 0 ? `set ${names.join(", ")} in ${deps.envFile}` : "fill it in";
  return { reason, note: `channel \`${name}\` is off: ${reason}; ${remedy} to switch it on` };
}

const problemsOf = (result: ReturnType<typeof validate>): readonly PlacedProblem[] =>
  result.kind === "wrong" ? result.problems : [];

const isAboutToken = ({ path }: PlacedProblem) => path.length === 3 && path[2] === TOKEN;
