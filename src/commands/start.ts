import type { Command, CommandDeps } from "./command.ts";

/**
 * The first thing a person sends on some platforms. With a pairing code, the code was dealt with before the message
 * was accepted; an owner who sends one has just become it (or sees again that it is so).
 */
export const startCommand: Command = {
  name: "start",
  aliases: [],
  description: "Say hello",
  async run({ args, source, isOwner }, deps) {
    const name = await agentName(deps, source);
    return isOwner && args !== ""
      ? [
          `✓ You are the owner of this bot. **${name}** answers your messages.`,
          "Notices about trouble come to you. To let someone in, have them send /pair here, and send me `/pair CODE`.",
          "/help shows the commands.",
        ].join("\n\n")
      : `Hello! **${name}** answers here: just write a message. /help shows the commands.`;
  },
};

async function agentName({ agents }: CommandDeps, source: string): Promise<string> {
  const id = agents.idFor(source);
  return (await agents.get(id))?.name ?? id;
}
