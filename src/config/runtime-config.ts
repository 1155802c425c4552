import { stringify } from "yaml";
import * as z from "zod";
import type { Clock } from "../runtime/clock.ts";
import { errorCode, errorMessage, UserError } from "../runtime/errors.ts";
import type { FileOps } from "../runtime/file-ops.ts";
import type { Log } from "../runtime/log.ts";
import { createSerial } from "../runtime/serial.ts";
import { EXIT_CONFIG, printProblem } from "../workspace/settings/problem.ts";
import { readYaml } from "../workspace/settings/read-yaml.ts";
import { validate } from "../workspace/settings/validate.ts";

/** What the machine itself has to remember of the configuration: who was let in by pairing. */
export type RuntimeConfig = z.output<typeof runtimeSchema>;

const idSchema = z.union([z.string().min(1), z.number().int()]).transform(String);

const grantSchema = z.strictObject({
  code: idSchema,
  channel: z.string(),
  user: idSchema,
  name: z.string().optional(),
  chat: idSchema,
  welcomed: z.boolean(),
});

const runtimeSchema = z.strictObject({
  /** `<channel>/<user or chat>` */
  owner: z
    .string()
    .regex(/^[^/]+\/.+$/s)
    .optional(),
  /** Users by channel. They count beside the person's own `allow_from`. */
  allow: z.record(z.string(), z.array(idSchema).readonly()).default({}),
  /** Who was let in last, by which code, and whether they were told. */
  granted: z.array(grantSchema).readonly().default([]),
});

export const EMPTY_RUNTIME: RuntimeConfig = { allow: {}, granted: [] };

export type RuntimeReading =
  | { readonly kind: "ok"; readonly value: RuntimeConfig }
  /** Nobody is let in by it. The file stays as it is until something has to be written. */
  | { readonly kind: "broken"; readonly reason: string };

export interface RuntimeConfigStore {
  read(): Promise<RuntimeReading>;
  /**
   * Changes the file, one change after another. Durable when it resolves with what is there now. A broken file is set
   * aside first. Rejects if the disk does; then nothing has changed.
   */
  update(change: (now: RuntimeConfig) => RuntimeConfig): Promise<RuntimeConfig>;
}

export interface RuntimeConfigDeps {
  readonly path: string;
  readonly files: Pick<FileOps, "read" | "rename" | "replace">;
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
}

const HEADER =
  "# Written by my-bot: who became owner or was let in by pairing. Your own settings: config.user.yaml\n";

export function createRuntimeConfig(deps: RuntimeConfigDeps): RuntimeConfigStore {
  const { path, files } = deps;
  const serial = createSerial();

  const change = async (edit: (now: RuntimeConfig) => RuntimeConfig): Promise<RuntimeConfig> => {
    const found = await readRuntimeConfig(path, files);
    const next = runtimeSchema.parse(edit(found.kind === "ok" ? found.value : EMPTY_RUNTIME));
    if (found.kind === "broken") await setAside(found.reason, deps);
    await files.replace(path, HEADER + stringify(next), { sync: true });
    return next;
  };

  return {
    read: () => readRuntimeConfig(path, files),
    update: (edit) => serial(() => change(edit)),
  };
}

/** Rejects with a UserError if the file is there and cannot be read at all. */
export async function readRuntimeConfig(
  path: string,
  files: Pick<FileOps, "read">,
): Promise<RuntimeReading> {
  const text = await readIfThere(path, files);
  if (text === undefined) return { kind: "ok", value: EMPTY_RUNTIME };
  const yaml = readYaml(text);
  if (yaml.kind === "broken") {
    const [problem] = yaml.problems;
    return { kind: "broken", reason: problem ? printProblem(path, problem) : `${path} is broken` };
  }
  const { value, lineOf } = yaml.file;
  const read = validate(runtimeSchema, value, { path: [], lineOf, isExpanded: () => false });
  if (read.kind === "ok") return { kind: "ok", value: read.value };
  return { kind: "broken", reason: read.problems.map((one) => printProblem(path, one)).join(", ") };
}

async function readIfThere(
  path: string,
  files: Pick<FileOps, "read">,
): Promise<string | undefined> {
  try {
    return await files.read(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    const message = `Cannot read ${path}: ${errorMessage(error)}`;
    throw new UserError(message, { cause: error, exitCode: EXIT_CONFIG });
  }
}

async function setAside(reason: string, { path, files, clock, log }: RuntimeConfigDeps) {
  const aside = `${path}.broken-${new Date(clock.now()).toISOString().replace(/[:.]/g, "-")}`;
  await files.rename(path, aside);
  log.warn({ reason, aside }, "set aside a runtime configuration that could not be read");
}
