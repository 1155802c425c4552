import type { Command } from "./command.ts";

export const clearCommand: Command = {
  name: "clear",
  aliases: [],
  description: "Clear conversation and start fresh",
  async run({ source, acceptedAt }, { sessions }) {
    // Run again after a crash, it must not part the source from a session that began since.
    const begun = sessions.current(source)?.createdAt ?? acceptedAt;
    if (begun <= acceptedAt) await sessions.clear(source);
    return "✓ Conversation cleared. Next message starts fresh.";
  },
};

export const sessionCommand: Command = {
  name: "session",
  aliases: [],
  description: "Show current session details",
  async run({ source }, { sessions, agents }) {
    const session = sessions.current(source);
    const agentId = session?.agentId ?? agents.idFor(source);
    const agent = await agents.get(agentId);
    const messages = session ? await sessions.read(session.id) : [];
    return [
      `**Session ID:** ${session?.id ?? "none yet, the next message starts one"}`,
      `**Agent:** ${agent?.name ?? "Unknown"} (${agentId})`,
      `**Created:** ${session ? new Date(session.createdAt).toISOString() : "not yet"}`,
      `**Messages:** ${messages.length}`,
      `**Source:** ${source}`,
    ].join("\n");
  },
};

export const stopCommand: Command = {
  name: "stop",
  aliases: [],
  description: "Stop the answer that is being made",
  async run({ stop }) {
    const { stopped, waiting } = await stop();
    if (!stopped) return "Nothing is running.";
    if (waiting === 0) return "✓ Stopped.";
    const others = waiting === 1 ? "1 more message waits" : `${waiting} more messages wait`;
    return `✓ Stopped. ${others} for an answer.`;
  },
};
