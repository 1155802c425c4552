import type { Command } from "./command.ts";

/** The owner's half of pairing. A stranger's `/pair` is answered with a code before it could become a command. */
export const pairCommand: Command = {
  name: "pair",
  aliases: [],
  description: "Let someone in by their code (owner)",
  async run({ args, isOwner }, { grantAccess }) {
    if (!isOwner) return "✗ Only the owner can let people in. You are in already.";
    if (args === "")
      return "Usage: `/pair CODE`. The person who wants in sends me /pair to get a code.";
    const granted = await grantAccess(args);
    if (!granted) return "✗ This code is not known, or too old. Ask for a new one: /pair.";
    const { id, name } = granted.sender;
    return `✓ ${name === undefined ? "User" : name} (${id}) can talk to me on ${granted.channel} now.`;
  },
};
