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
import type { Person } from "./person.ts";
import type { StrangerNotices } from "./stranger-notices.ts";
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
  readonly strangerNotices: StrangerNotices;
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
        events.push(...(await decide(deps, live, message)));
      }
      await deps.publish(events);
      deps.strangerNotices.published(events);
    },
  };
}

async function decide(
  deps: IntakeDeps,
  live: LiveChannel,
  message: IncomingMessage,
): Promise<readonly NewEvent[]> {
  const decision = decideAccess(message, live.spec.settings.access);
  switch (decision.kind) {
    case "accept":
      return isEmpty(message) ? [] : [inboundEvent(live, message)];
    case "refuse":
      return meetStranger(deps, live, message);
    case "ignore":
      deps.log.debug({ key: message.key, reason: decision.reason }, "message ignored");
      return [];
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

/** The one who knows the code is let in; anyone else hears at most one short line, and the owner hears of them. */
async function meetStranger(
  deps: IntakeDeps,
  live: LiveChannel,
  message: IncomingMessage,
): Promise<readonly NewEvent[]> {
  const { name } = live.spec;
  const person = { channel: name, sender: message.sender, chat: message.chat.id };
  const [word, code] = message.text.trim().split(/\s+/);
  if (word === "/start" && code && (await deps.pairing.claim(code, person))) {
    return [inboundEvent(live, message)];
  }
  deps.strangers.note(name, message.sender, deps.clock.now());
  const asks = word === "/pair";
  const forOwner = deps.strangerNotices.about(person, { asks });
  if (deps.strangerPace.waitMs(name) > 0) return forOwner;
  deps.strangerPace.take(name);
  return [refusal(deps, message, { person, asks }), ...forOwner];
}

const REFUSAL = "This is a private bot. To ask its owner for access, send /pair";

function refusal(
  { pairing, boot }: IntakeDeps,
  message: IncomingMessage,
  { person, asks }: { person: Person; asks: boolean },
): NewEvent {
  const { channel, sender } = person;
  const code = asks ? pairing.request(person) : undefined;
  const address = addressOf(message);
  return {
    type: "OutboundEvent",
    // One key a person, so that the store itself stops a second line.
    key: code ? `${message.key}/pair` : `${channel}/stranger/${sender.id}`,
    lane: outboundLane(channel, address),
    channel,
    address,
    content: code ? `Ask the owner of this bot to send it: /pair ${code}` : REFUSAL,
    kind: "notice",
    boot,
  };
}
