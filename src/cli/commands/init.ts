import { UserError } from "../../runtime/errors.ts";
import { createWorkspace } from "../../workspace/create-workspace.ts";
import { isTerminal } from "../chat/face.ts";
import { type CommandContext, EXIT } from "../context.ts";
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
  const given = settingsOf(options);
  if (!isNew && Object.keys(given).length > 0) {
    throw new UserError(
      `Cannot change ${paths.userConfig}: it is there already; edit it, and put secrets into ${paths.env}`,
    );
  }
  const isAsking = isNew && isTerminal() && !options.yes && Object.keys(given).length === 0;
  const settings = isAsking ? await askSettings() : given;
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
  else for (const line of describe(context, made, [...warnings, ...notes])) print(line);
  return EXIT.ok;
}

function describe(
  { paths }: CommandContext,
  { created, kept }: Awaited<ReturnType<typeof createWorkspace>>,
  remarks: readonly string[],
): readonly string[] {
  const first =
    created.length === 0
      ? `${paths.root} is a workspace already; nothing was changed.`
      : `Made ${created.length} files in ${paths.root}${kept.length > 0 ? `; ${kept.length} were there and stayed as they were` : ""}.`;
  return [
    first,
    ...remarks.map((remark) => `! ${remark}`),
    "",
    "Next:",
    `  my-bot server -w ${paths.root}     serve it, and chat here`,
    `  my-bot doctor -w ${paths.root}     check tokens, model and disk`,
    `  ${paths.userConfig}     the settings; config.example.yaml beside it explains them all`,
  ];
}
