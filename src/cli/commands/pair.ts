import { grantedSchema } from "../../server/control/results.ts";
import { type CommandContext, EXIT } from "../context.ts";
import { askServer, notRunning } from "../find-server.ts";
import { print, printJson } from "../output.ts";

/** Lets in whoever got this code from the bot. */
export async function runPair(context: CommandContext, code: string): Promise<number> {
  const answer = await askServer(context, { method: "pair", code });
  if (!answer) throw notRunning(context);
  const granted = grantedSchema.parse(answer.result);
  const { name, user, channel } = granted;
  if (context.json) printJson(granted);
  else print(`${name ?? "User"} (${user}) can talk to the bot on ${channel} now.`);
  return EXIT.ok;
}
