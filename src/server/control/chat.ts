import type { TerminalChannel, TerminalClient } from "../../channels/terminal/channel.ts";
import type { EventBus } from "../../events/event-bus.ts";
import { createReplyTracker } from "./reply-tracker.ts";

/** A conversation at a terminal, in this process or in the server that was joined. */
export interface Chat {
  /** Resolves when the message is durable; rejects if it is not: then it was not said. */
  say(text: string): Promise<void>;
  /** Resolves when everything that was said is answered and shown. */
  settled(): Promise<void>;
  /** Resolves when the server that was joined is gone. What was said there is kept. */
  readonly lost: Promise<void>;
  /** Nothing is shown any more. */
  close(): void;
}

export interface ChatDeps {
  readonly terminal: TerminalChannel;
  readonly bus: Pick<EventBus, "observe">;
}

/** Talks to the server of this process. */
export function openChat({ terminal, bus }: ChatDeps, client: TerminalClient): Chat {
  const session = terminal.attach(client);
  const replies = createReplyTracker(bus, { channel: terminal.name, chat: session.chat });
  return {
    async say(text) {
      const { key, durable } = session.say(text);
      replies.expect(key);
      try {
        await durable;
      } catch (error) {
        replies.forget(key);
        throw error;
      }
    },
    settled: replies.settled,
    lost: new Promise(() => {}),
    close() {
      session.detach();
      replies.stop();
    },
  };
}
