import { parseDocument } from "yaml";
import { llmSchema } from "../../providers/options.ts";
import { UserError } from "../../runtime/errors.ts";
import { type CommandContext, EXIT } from "../context.ts";
import { API_KEY_NAME, type Settings } from "./settings.ts";

/**
 * Checks the settings at once (throws a UserError), and returns what puts them into a configuration that has just been
 * copied. Tokens need nothing: the shipped configuration refers to their names.
 */
export function writeConfig(settings: Settings): (context: CommandContext) => Promise<void> {
  const llm = llmOf(settings);
  return async ({ paths, files }) => {
    if (!llm) return;
    const document = parseDocument(await files.read(paths.userConfig));
    document.set("llm", document.createNode(llm));
    await files.replace(paths.userConfig, String(document), { sync: true });
  };
}

function llmOf({ provider, model, apiKey, apiBase }: Settings) {
  const isGiven = [provider, model, apiKey, apiBase].some((value) => value !== undefined);
  if (!isGiven) return undefined;
  if (provider === undefined) {
    throw new UserError("Cannot set up the model: --provider is missing", { exitCode: EXIT.usage });
  }
  const written = {
    provider,
    ...(model === undefined ? {} : { model }),
    ...(apiKey === undefined ? {} : { api_key: apiKey }),
    ...(apiBase === undefined ? {} : { api_base: apiBase }),
  };
  const checked = llmSchema.safeParse(written);
  if (!checked.success) {
    const reasons = checked.error.issues
      .map(({ path, message }) => `${path.join(".")}: ${message}`)
      .join("; ");
    throw new UserError(`Cannot set up the model: ${reasons}`, { exitCode: EXIT.usage });
  }
  return apiKey ? { ...written, api_key: `\${${API_KEY_NAME}}` } : written;
}
