import { once } from "node:events";
import type { Address } from "../../events/event.ts";
import type { Clock } from "../../runtime/clock.ts";
import { errorMessage } from "../../runtime/errors.ts";
import { createGate, type Gate } from "../../runtime/gate.ts";
import { createSerial, type Serial } from "../../runtime/serial.ts";
import type { Channel, IncomingMessage, OutgoingPart, Receiver, SendContext } from "../channel.ts";
import { DeliveryError } from "../delivery-error.ts";

/** The person at a terminal, or a program that pipes lines in. Clients come and go while the server runs. */
export interface TerminalChannel extends Channel {
  attach(client: TerminalClient): TerminalSession;
  /** Clients of a kind that are attached now. */
  attached(kind: TerminalClient["kind"]): number;
}

export interface TerminalClient {
  /**
   * All interactive clients are one conversation: replies that nobody has seen are shown at the next attach.
   * A piped client is one of its own, and sees only the replies to what it said itself.
   */
  readonly kind: "interactive" | "piped";
  /** Resolves when the person has the text. Rejects when it is not certain that they have. */
  show(text: string, signal: AbortSignal): Promise<void>;
  /** Must not throw. */
  typing?(): void;
}

export interface TerminalSession {
  /** The conversation's address. */
  readonly chat: string;
  say(text: string): Said;
  /** Nothing is shown to the client any more. What it said stays said. */
  detach(): void;
}

export interface Said {
  /** Idempotency key of the message. */
  readonly key: string;
  /** Resolves when the message is durable; rejects if it is not: then it was not said. */
  readonly durable: Promise<void>;
}

export interface TerminalChannelDeps {
  readonly name: string;
  readonly clock: Pick<Clock, "now">;
  readonly newId: () => string;
}

/** The one who sits at the machine. */
const USER = "cli-user";
/** The address of a piped client begins with it. */
const PIPED = "pipe-";
const UNREAD_AFTER_MS = 24 * 3_600_000;

interface Terminal extends TerminalChannelDeps {
  readonly clients: Map<string, Set<TerminalClient>>;
  receiver: Receiver | undefined;
  /** Opens when there is a receiver. */
  receiving: Gate;
  /** Messages are accepted one after another. */
  readonly serial: Serial;
  readonly accepting: Set<Promise<void>>;
}

export function createTerminalChannel(deps: TerminalChannelDeps): TerminalChannel {
  const terminal: Terminal = {
    ...deps,
    clients: new Map(),
    receiver: undefined,
    receiving: createGate(),
    serial: createSerial(),
    accepting: new Set(),
  };
  return {
    name: deps.name,
    platform: "cli",
    limits: { textLength: Number.POSITIVE_INFINITY },
    // Whoever piped lines in comes once: when they are gone, nobody will ask for what is left.
    unreadAfterMs: ({ chat }) => (chat.startsWith(PIPED) ? 0 : UNREAD_AFTER_MS),
    receive: (receiver, signal) => receive(terminal, receiver, signal),
    send: (part, to, context) => send(terminal, { part, to, context }),
    async typing(to) {
      for (const client of clientsOf(terminal, to)) client.typing?.();
    },
    attach: (client) => attach(terminal, client),
    attached: (kind) =>
      [...terminal.clients.values()].flatMap((clients) =>
        [...clients].filter((c) => c.kind === kind),
      ).length,
  };
}

async function receive(terminal: Terminal, receiver: Receiver, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  terminal.receiver = receiver;
  terminal.receiving.open();
  reportConnected(terminal);
  await once(signal, "abort");
  terminal.receiver = undefined;
  terminal.receiving = createGate();
  await Promise.allSettled(terminal.accepting);
}

/** Said again at each attach: it wakes the replies that wait for somebody to come. */
function reportConnected({ receiver }: Terminal): void {
  receiver?.report({ kind: "connected", account: "this computer" });
}

const clientsOf = ({ clients }: Terminal, { chat }: Address) => [...(clients.get(chat) ?? [])];

interface Sending {
  readonly part: OutgoingPart;
  readonly to: Address;
  readonly context: SendContext;
}

async function send(terminal: Terminal, { part, to, context }: Sending) {
  const { signal } = context;
  if (signal.aborted) {
    throw new DeliveryError("Cannot show: stopping", { kind: "transient", ambiguous: false });
  }
  const clients = clientsOf(terminal, to);
  if (clients.length === 0) {
    throw new DeliveryError("Cannot show: nobody is there", { kind: "disconnected" });
  }
  const text = part.label === undefined ? part.text : `${part.label}\n${part.text}`;
  try {
    await Promise.any(clients.map((client) => client.show(text, signal)));
  } catch (error) {
    throw notShown(error);
  }
  return { messageId: terminal.newId() };
}

/** The text may have been written before the client was lost. */
function notShown(error: unknown): DeliveryError {
  const [reason] = error instanceof AggregateError ? error.errors : [error];
  const failure = { kind: "transient", ambiguous: true } as const;
  return new DeliveryError(`Cannot show: ${errorMessage(reason)}`, failure, { cause: error });
}

function attach(terminal: Terminal, client: TerminalClient): TerminalSession {
  const id = terminal.newId();
  const chat = client.kind === "piped" ? `${PIPED}${id}` : USER;
  const others = terminal.clients.get(chat) ?? new Set();
  terminal.clients.set(chat, others.add(client));
  reportConnected(terminal);
  let count = 0;
  return {
    chat,
    say(text) {
      count += 1;
      const key = `terminal/${id}/${count}`;
      return { key, durable: accept(terminal, messageOf(terminal, { key, chat, text })) };
    },
    detach() {
      others.delete(client);
      if (others.size === 0 && terminal.clients.get(chat) === others) terminal.clients.delete(chat);
    },
  };
}

const messageOf = (
  { clock }: Terminal,
  { key, chat, text }: { key: string; chat: string; text: string },
): IncomingMessage => ({
  key,
  sender: { id: USER },
  chat: { id: chat, kind: "private" },
  text,
  messageId: key,
  sentAt: clock.now(),
  addressed: true,
});

/** In the order of the calls, one at a time. A failure is the speaker's, who sees it and can say it again. */
function accept(terminal: Terminal, message: IncomingMessage): Promise<void> {
  return terminal.serial(async () => {
    while (!terminal.receiver) await terminal.receiving.passed;
    const accepting = terminal.receiver.accept([message]);
    terminal.accepting.add(accepting);
    await accepting.finally(() => terminal.accepting.delete(accepting));
  });
}
