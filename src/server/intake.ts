import { decideAccess } from "../channels/access.ts";
import type { IncomingMessage } from "../channels/channel.ts";
import { parseCommand } from "../commands/commands.ts";
import type { Address, NewEvent, Sender } from "../events/event.ts";
import { outboundLane } from "../events/event.ts";
import { printSource } from "../events/source.ts";
import { assertNever } from "../runtime/assert-never.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Pace } from "../runtime/pace.ts";
import type { ChannelRegistry, LiveChannel } from "./channel-registry.ts";
import type { Pairing } from "./pairing.ts";
import type { Strangers } from "./strangers.ts";

/** The door: decides who is let in, and makes durable events of what they say. */
export interface Intake {
  /** Resolves when every message of the batch is durable or decided not to be answered. */
  accept(channelName: string, messages: readonly IncomingMessage[]): Promise<void>;
}

export interface IntakeDeps {
  readonly channels: ChannelRegistry;
  /** Resolves when the configuration in force is that of the files as they are now. */
  readonly upToDate: () => Promise<void>;
  readonly publish: (events: readonly NewEvent[]) => Promise<void>;
  readonly pairing: Pairing;
  readonly strangers: Strangers;
  /** How often strangers are answered at all, so that a crowd of them costs nothing. */
  readonly strangerPace: Pace;
  readonly boot: string;
  readonly clock: Clock;
  readonly log: Log;
}

export function createIntake(deps: IntakeDeps): Intake {
  return {
    async accept(channelName, messages) {
      await deps.upToDate();
      const events: NewEvent[] = [];
      for (const given of messages) {
        const message = { ...given, sender: plainSender(given.sender) };
        // Looked up for each message: a name taken off the list is out at the next one.
        const live = deps.channels.get(channelName);
        if (!live)
          throw new Error(`Cannot accept from ${channelName}: it is not configured any more`);
        const event = await decide(deps, live, message);
        if (event) events.push(event);
      }
      await deps.publish(events);
    },
  };
}

async function decide(
  deps: IntakeDeps,
  live: LiveChannel,
  message: IncomingMessage,
): Promise<NewEvent | undefined> {
  const decision = decideAccess(message, live.spec.settings.access);
  switch (decision.kind) {
    case "accept":
      return isEmpty(message) ? undefined : inboundEvent(live, message);
    case "refuse":
      return meetStranger(deps, live, message);
    case "ignore":
      deps.log.debug({ key: message.key, reason: decision.reason }, "message ignored");
      return undefined;
    default:
      return assertNever(decision);
  }
}

const LONGEST_NAME = 64;

/** People choose their names: on one line, without characters that steer a terminal or forge a line of a report. */
function plainSender({ id, name }: Sender): Sender {
  const plain = name?.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
  return plain ? { id, name: [...plain].slice(0, LONGEST_NAME).join("") } : { id };
}

const isEmpty = ({ text, attachments }: IncomingMessage) =>
  text.trim() === "" && (attachments?.length ?? 0) === 0;

function inboundEvent(live: LiveChannel, message: IncomingMessage): NewEvent {
  const { name, platform, settings } = live.spec;
  const { sender, chat } = message;
  const conversation = { user: sender.id, chat: chat.id, thread: chat.thread };
  const source = printSource({ kind: "platform", platform, channel: name, ...conversation });
  const quoted =
    settings.replyTo === "always" || (settings.replyTo === "groups" && chat.kind === "group");
  return {
    type: "InboundEvent",
    key: message.key,
    lane: source,
    source,
    channel: name,
    address: { ...addressOf(message), ...(quoted ? { replyTo: message.messageId } : {}) },
    sender,
    messageId: message.messageId,
    sentAt: message.sentAt,
    content: message.text.trim(),
    ...(message.replyTo ? { replyTo: message.replyTo } : {}),
    ...(message.attachments?.length ? { attachments: message.attachments } : {}),
    ...(chat.kind === "group" ? { group: true } : {}),
    ...(parseCommand(message.text) ? { control: true } : {}),
  };
}

const addressOf = ({ chat }: IncomingMessage): Address => ({
  chat: chat.id,
  ...(chat.thread === undefined ? {} : { thread: chat.thread }),
});

/** The one who knows the code is let in; anyone else hears at most one short line. */
async function meetStranger(
  deps: IntakeDeps,
  live: LiveChannel,
  message: IncomingMessage,
): Promise<NewEvent | undefined> {
  const { name } = live.spec;
  const person = { channel: name, sender: message.sender, chat: message.chat.id };
  const [word, code] = message.text.trim().split(/\s+/);
  if (word === "/start" && code && (await deps.pairing.claim(code, person))) {
    return inboundEvent(live, message);
  }
  deps.strangers.note(name, message.sender, deps.clock.now());
  if (deps.strangerPace.waitMs(name) > 0) return undefined;
  deps.strangerPace.take(name);
  if (word !== "/pair")
    return stranger(deps, { name, message, key: refusalKey(person), content: REFUSAL });
  const asked = deps.pairing.request(person);
  const content = asked ? `Ask the owner of this bot to send it: /pair ${asked}` : REFUSAL;
  return stranger(deps, {
    name,
    message,
    key: asked ? `${message.key}/pair` : refusalKey(person),
    content,
  });
}

const REFUSAL = "This is a private bot. To ask its owner for access, send /pair";

/** One key a person, so that the store itself stops a second line. */
const refusalKey = (person: { channel: string; sender: { id: string } }) =>
  `${person.channel}/stranger/${person.sender.id}`;

function stranger(
  { boot }: IntakeDeps,
  {
    name,
    message,
    key,
    content,
  }: { name: string; message: IncomingMessage; key: string; content: string },
): NewEvent {
  const address = addressOf(message);
  const lane = outboundLane(name, address);
  return {
    type: "OutboundEvent",
    key,
    lane,
    channel: name,
    address,
    content,
    kind: "notice",
    boot,
  };
}
