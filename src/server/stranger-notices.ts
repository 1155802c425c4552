import { escapeMarkdown } from "../commands/markdown.ts";
import type { NewEvent } from "../events/event.ts";
import type { Clock } from "../runtime/clock.ts";
import type { OwnerNotices } from "./owner-notices.ts";
import type { Pairing } from "./pairing.ts";
import type { Person } from "./person.ts";

/**
 * Tells the owner of people who were refused, with the way to let them in: each once, and once for each code that they
 * ask for; no more than a few an hour by name, the others are counted.
 */
export interface StrangerNotices {
  /** What to publish with the refusal. Until it is published, the same person gives the same again. */
  about(person: Person, request: { readonly asks: boolean }): readonly NewEvent[];
  /** These are durable. */
  published(events: readonly NewEvent[]): void;
}

export interface StrangerNoticesDeps {
  readonly notices: Pick<OwnerNotices, "stranger">;
  readonly pairing: Pick<Pairing, "request">;
  readonly clock: Pick<Clock, "now">;
}

const HOUR_MS = 3_600_000;
const NAMED_PER_HOUR = 5;
/** A crowd is told of when it is one, ten, a hundred, … */
const MAX_CROWD = 10_000;
/** Who is forgotten can be told of again, though not while the store remembers it. */
const MAX_TOLD = 1_000;

interface Hour {
  /** Hours since 1970. */
  readonly number: number;
  named: number;
  /** Those who were not named. */
  readonly crowd: Set<string>;
}

export function createStrangerNotices(deps: StrangerNoticesDeps): StrangerNotices {
  const { notices, pairing, clock } = deps;
  /** By the event's key. */
  const open = new Map<string, readonly NewEvent[]>();
  const told = new Set<string>();
  let hour: Hour = { number: 0, named: 0, crowd: new Set() };

  function name(person: Person, key: string, asks: boolean): readonly NewEvent[] {
    const code = pairing.request(person);
    const events = notices.stranger(key, describe(person, { code, asks }));
    // Without an owner nobody can be told; who becomes it later sees the last ones in the status.
    if (events.length === 0) return [];
    hour.named += 1;
    open.set(key, events);
    return events;
  }

  function count(who: string): readonly NewEvent[] {
    if (hour.crowd.size < MAX_CROWD) hour.crowd.add(who);
    const people = 10 ** Math.floor(Math.log10(hour.crowd.size));
    return notices.stranger(`owner/strangers/${hour.number}/${people}`, describeCrowd(people));
  }

  /** A code is told with certainty: what was said of its person before may have named one that a restart has ended. */
  function keyOf(person: Person, who: string, asks: boolean): string {
    const code = asks ? pairing.request(person) : undefined;
    return code === undefined ? `owner/stranger/${who}` : `owner/pair/${who}/${code}`;
  }

  return {
    about(person, { asks }) {
      const number = Math.floor(clock.now() / HOUR_MS);
      if (number !== hour.number) hour = { number, named: 0, crowd: new Set() };
      const who = `${person.channel}/${person.sender.id}`;
      const key = keyOf(person, who, asks);
      if (told.has(key)) return [];
      const again = open.get(key);
      if (again) return again;
      return hour.named < NAMED_PER_HOUR ? name(person, key, asks) : count(who);
    },
    published(events) {
      for (const { key } of events) if (open.delete(key)) told.add(key);
      for (const key of told) {
        if (told.size <= MAX_TOLD) break;
        told.delete(key);
      }
    },
  };
}

function describe(
  { channel, sender }: Person,
  { code, asks }: { code: string | undefined; asks: boolean },
): string {
  const who = `${escapeMarkdown(sender.name ?? "Somebody")} (${sender.id})`;
  const what = asks
    ? `${who} asks to be let in on ${channel}.`
    : `${who} wrote to me on ${channel} and was not let in.`;
  const ways = [
    ...(code === undefined ? [] : [`send me \`/pair ${code}\` within an hour`]),
    `add ${sender.id} to \`channels.${channel}.allow_from\``,
  ];
  return `${what} To let them in, ${ways.join(", or ")}.`;
}

function describeCrowd(people: number): string {
  const who = people === 1 ? "Somebody else" : `At least ${people} others`;
  return `${who} wrote to me within this hour and ${people === 1 ? "was" : "were"} not let in. I name no more than ${NAMED_PER_HOUR} an hour: \`my-bot status\` shows the last ones.`;
}
