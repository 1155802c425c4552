import { CALL_DEADLINE_MS } from "./client.ts";
import { readFailure } from "./errors.ts";
import type { Intake } from "./intake.ts";

/** Puts the commands into the bot's menu. A failure is logged and nothing else: typing a command works without. */
export async function registerMenu({ client, receiver, log, signal }: Intake): Promise<void> {
  const commands = receiver.commands
    .filter(({ name }) => /^[a-z0-9_]{1,32}$/.test(name))
    .map(({ name, description }) => ({
      command: name,
      description: description.slice(0, 256) || name,
    }));
  if (commands.length === 0) return;
  try {
    await client.call((api, abort) => api.setMyCommands({ commands }, abort), {
      deadlineMs: CALL_DEADLINE_MS,
      signal,
    });
  } catch (error) {
    if (signal.aborted) return;
    log.warn({ reason: readFailure(error).reason }, "cannot register the commands in the menu");
  }
}
