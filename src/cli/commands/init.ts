import type { LoadedConfig } from "../../config/load.ts";
import { UserError } from "../../runtime/errors.ts";
import { plural } from "../../runtime/plural.ts";
import { type CreatedWorkspace, createWorkspace } from "../../workspace/create-workspace.ts";
import { isTerminal } from "../chat/face.ts";
import { type CommandContext, EXIT } from "../context.ts";
import { formatTable } from "../format.ts";
import { askSettings } from "../init/ask.ts";
import { type Settings, secretsOf, settingsOf } from "../init/settings.ts";
import { writeConfig } from "../init/write-config.ts";
import { addToEnv } from "../init/write-env.ts";
import { load } from "../load.ts";
import { print, printJson } from "../output.ts";

export interface InitOptions extends Settings {
  readonly yes?: boolean;
}

/** Makes a workspace. Files that are there are never changed. */
export async function runInit(context: CommandContext, options: InitOptions): Promise<number> {
  const { paths, files, json } = context;
  const isNew = (await files.stat(paths.userConfig)) === undefined;
  const settings = await chooseSettings(context, options, isNew);
  if (!settings) {
    print("Cancelled: nothing was made.");
    return EXIT.problem;
  }
  // Checked before anything is written.
  const write = writeConfig(settings);
  await addToEnv(context, secretsOf(settings));
  const made = await createWorkspace(paths.root, { files });
  if (isNew) await write(context);
  const { warnings, notes } = await load(context);
  if (json) printJson({ workspace: paths.root, ...made, warnings, notes });
  else for (const line of describe(context, made, { warnings, notes })) print(line);
  return EXIT.ok;
}

/** Undefined if the person who was asked gave up. */
async function chooseSettings(
  { paths }: CommandContext,
  options: InitOptions,
  isNew: boolean,
): Promise<Settings | undefined> {
  const given = settingsOf(options);
  const isGiven = Object.keys(given).length > 0;
  if (isGiven && !isNew) {
    throw new UserError(
      `Cannot change ${paths.userConfig}: it is there already; edit it, and put secrets into ${paths.env}`,
    );
  }
  return isNew && !isGiven && !options.yes && isTerminal() ? askSettings() : given;
}

function describe(
  { paths }: CommandContext,
  { created, kept }: CreatedWorkspace,
  { warnings, notes }: Pick<LoadedConfig, "warnings" | "notes">,
): readonly string[] {
  const first =
    created.length === 0
      ? `${paths.root} is a workspace already; nothing was changed.`
      : `Made ${plural(created.length, "file")} in ${paths.root}`;
  const isUntouched = created.length > 0 && kept.length > 0;
  return [
    first,
    ...(isUntouched ? [`There already, and not changed: ${kept.join(", ")}`] : []),
    ...warnings.map((warning) => `! ${warning}`),
    ...notes.map((note) => `- ${note}`),
    "",
    "Next:",
    ...formatTable(nextSteps(paths)).map((row) => `  ${row}`),
  ];
}

const nextSteps = ({ root, userConfig }: CommandContext["paths"]) => [
  [`my-bot server -w ${root}`, "serve it, and chat here"],
  [`my-bot doctor -w ${root}`, "check tokens, model and disk"],
  [userConfig, "the settings; config.example.yaml beside it explains them all"],
];
