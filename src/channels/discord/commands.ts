import { isDeepStrictEqual } from "node:util";
import { ApplicationCommandOptionType, ApplicationCommandType, Routes } from "discord.js";
import * as z from "zod";
import { reasonOf } from "./errors.ts";
import type { Intake } from "./intake.ts";

const COMMAND_NAME = /^[-_'\p{Ll}\p{Lm}\p{Lo}\p{N}]{1,32}$/u;
const MAX_DESCRIPTION = 100;
/** The name of each command's one option: whatever stands after the command elsewhere. */
export const ARGS = "args";

const ARGS_OPTION = {
  type: ApplicationCommandOptionType.String,
  name: ARGS,
  description: "What follows the command",
};

/** What is compared of a registered command; Discord adds much of its own. */
const registeredSchema = z.array(
  z.object({
    name: z.string(),
    description: z.string(),
    type: z.number().default(ApplicationCommandType.ChatInput),
    options: z
      .array(z.object({ type: z.number(), name: z.string(), description: z.string() }))
      .default([]),
  }),
);

/** Registers the slash commands, if others are registered. A failure is logged: typing a command works without. */
export async function registerCommands(intake: Intake, applicationId: string): Promise<void> {
  const { rest, receiver, log, signal } = intake;
  const route = Routes.applicationCommands(applicationId);
  const wanted = commandsFor(receiver.commands);
  try {
    const registered = registeredSchema.parse(await rest.get(route, signal));
    if (isDeepStrictEqual(byName(registered), byName(wanted))) return;
    await rest.put(route, signal, wanted);
    log.info({ commands: wanted.map(({ name }) => name) }, "slash commands registered");
  } catch (error) {
    if (signal.aborted) return;
    log.warn({ reason: reasonOf(error) }, "cannot register the slash commands");
  }
}

function commandsFor(commands: Intake["receiver"]["commands"]) {
  return commands
    .filter(({ name }) => COMMAND_NAME.test(name))
    .map(({ name, description }) => ({
      name,
      description: description.slice(0, MAX_DESCRIPTION) || name,
      type: ApplicationCommandType.ChatInput,
      options: [ARGS_OPTION],
    }));
}

const byName = <T extends { name: string }>(commands: readonly T[]) =>
  [...commands].sort((a, b) => (a.name < b.name ? -1 : 1));
