import { errorMessage, systemErrorCode, UserError } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import { agentCommand } from "./agent.ts";
import type { Command, CommandContext, CommandDeps } from "./command.ts";
import { pairCommand } from "./pair.ts";
import { clearCommand, sessionCommand, stopCommand } from "./session.ts";
import { startCommand } from "./start.ts";

/** A command as a person wrote it: `name` is never an alias. */
export interface ParsedCommand {
  readonly name: string;
  readonly args: string;
}

export interface Commands {
  /** What platforms show in their own menus. */
  readonly menu: readonly { readonly name: string; readonly description: string }[];
  /** The command in a message; undefined for ordinary text, unknown commands included. */
  find(text: string): ParsedCommand | undefined;
  /** Resolves with the Markdown to answer, never empty. Rejects only on a bug. */
  run(command: ParsedCommand, context: CommandContext): Promise<string>;
}

const helpCommand: Command = {
  name: "help",
  aliases: ["?"],
  description: "Show available commands",
  async run() {
    const lines = COMMANDS.map(({ name, aliases, description }) => {
      const names = [name, ...aliases].map((word) => `/${word}`);
      return `${names.join(", ")} - ${description}`;
    });
    return ["**Available Commands:**", ...lines].join("\n");
  },
};

/** In the order of `/help`. */
const COMMANDS: readonly Command[] = [
  startCommand,
  helpCommand,
  agentCommand,
  clearCommand,
  sessionCommand,
  stopCommand,
  pairCommand,
];

const BY_WORD: ReadonlyMap<string, Command> = new Map(
  COMMANDS.flatMap((command) => [command.name, ...command.aliases].map((word) => [word, command])),
);

export function parseCommand(text: string): ParsedCommand | undefined {
  // "@bot" after the name is taken off by the channel when it is this bot's; here, for one that did not know its name.
  const match = /^\/([^\s@]+)(?:@\S*)?(?:\s+([\s\S]*))?$/.exec(text.trim());
  const command = BY_WORD.get(match?.[1]?.toLowerCase() ?? "");
  return command && { name: command.name, args: match?.[2] ?? "" };
}

export function createCommands(deps: CommandDeps & { readonly log: Log }): Commands {
  return {
    menu: COMMANDS.map(({ name, description }) => ({ name, description })),
    find: parseCommand,
    async run({ name, args }, context) {
      const command = BY_WORD.get(name);
      if (!command) throw new TypeError(`Cannot run command "${name}": there is none`);
      try {
        return await command.run({ ...context, args }, deps);
      } catch (error) {
        const reason = publicReason(error);
        if (reason === undefined) throw error;
        deps.log.warn({ err: error, command: name, source: context.source }, "command failed");
        return `✗ /${name} did not work: ${reason}`;
      }
    },
  };
}

/** Words for the chat about a failure of the machine or a mistake of the person; undefined for a bug. No paths. */
function publicReason(error: unknown): string | undefined {
  if (error instanceof UserError) return errorMessage(error);
  const code = systemErrorCode(error);
  return code
    ? `the server has trouble with its disk or network (${code}). Try again later.`
    : undefined;
}
