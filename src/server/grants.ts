import type { NewEvent } from "../events/event.ts";
import { errorMessage } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import type { Person } from "./person.ts";
import { messageTo } from "./replies.ts";

/** Somebody who was let in by a code, as the machine's configuration remembers it. */
export interface Grant {
  readonly code: string;
  readonly channel: string;
  readonly user: string;
  readonly name?: string | undefined;
  readonly chat: string;
  /** Whether the message that tells them is durable. */
  readonly welcomed: boolean;
}

/** Letting people in, and telling them. Neither is lost with the process, nor done twice. */
export interface Grants {
  /** Lets the person in; durable and in force when it resolves. Again with the same code changes nothing. */
  add(person: Person, code: string): Promise<void>;
  /** Whom the code let in, as far as it is remembered and they are still let in. */
  find(code: string): Promise<Person | undefined>;
  /** Tells those whom the last process could not tell. Never rejects. */
  welcomeAll(): Promise<void>;
}

/** The part of the machine's configuration that is about it. */
export interface GrantRecord {
  readonly allow: Readonly<Record<string, readonly string[]>>;
  readonly granted: readonly Grant[];
}

export interface GrantsDeps {
  readonly read: () => Promise<GrantRecord>;
  /** Durable and in force when it resolves. */
  readonly change: (edit: (now: GrantRecord) => GrantRecord) => Promise<void>;
  readonly publish: (events: readonly NewEvent[]) => Promise<void>;
  readonly boot: string;
  readonly log: Log;
}

/** Remembered for a command that is run again after a crash. */
const MAX_REMEMBERED = 20;
const WELCOME = "You are let in: just write a message. /help shows the commands.";

export function createGrants(deps: GrantsDeps): Grants {
  const { read, change, publish, boot, log } = deps;

  async function welcomeAll(): Promise<void> {
    try {
      const owed = (await read()).granted.filter(({ welcomed }) => !welcomed);
      if (owed.length === 0) return;
      await publish(owed.map((grant) => welcome(grant, boot)));
      await change((now) => ({ ...now, granted: markWelcomed(now.granted, owed) }));
    } catch (error) {
      log.error(
        { reason: errorMessage(error) },
        "cannot tell somebody that they are let in; tried again at the next start",
      );
    }
  }

  return {
    welcomeAll,
    async add(person, code) {
      await change((now) => withGrant(now, person, code));
      await welcomeAll();
    },
    async find(code) {
      const { allow, granted } = await read();
      const grant = granted.find((one) => one.code === code);
      const isLetIn = grant && allow[grant.channel]?.includes(grant.user);
      return isLetIn ? personOf(grant) : undefined;
    },
  };
}

/** The key makes a second one impossible, whenever the process died. */
const welcome = ({ channel, chat, user, code }: Grant, boot: string): NewEvent =>
  messageTo(
    { channel, chat },
    { key: `welcome/${channel}/${user}/${code}`, content: WELCOME, boot, kind: "message" },
  );

const personOf = ({ channel, chat, user, name }: Grant): Person => ({
  channel,
  chat,
  sender: { id: user, ...(name === undefined ? {} : { name }) },
});

function withGrant(now: GrantRecord, person: Person, code: string): GrantRecord {
  const { channel, chat, sender } = person;
  const users = new Set([...(now.allow[channel] ?? []), sender.id]);
  const allow = { ...now.allow, [channel]: [...users] };
  if (now.granted.some((one) => one.code === code)) return { ...now, allow };
  const grant: Grant = { code, channel, chat, user: sender.id, name: sender.name, welcomed: false };
  const owed = now.granted.filter(({ welcomed }) => !welcomed);
  const over = now.granted.filter(({ welcomed }) => welcomed).slice(-MAX_REMEMBERED);
  return { ...now, allow, granted: [...over, ...owed, grant] };
}

function markWelcomed(granted: readonly Grant[], done: readonly Grant[]): readonly Grant[] {
  const codes = new Set(done.map(({ code }) => code));
  return granted.map((grant) => (codes.has(grant.code) ? { ...grant, welcomed: true } : grant));
}
