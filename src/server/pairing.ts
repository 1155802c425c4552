import { timingSafeEqual } from "node:crypto";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Grants } from "./grants.ts";
import type { Person } from "./person.ts";

/**
 * How people get in who are not named in the configuration: the first `/start <code>` with the code that the start
 * printed makes its sender the owner; later ones ask for a code, which the owner grants.
 */
export interface Pairing {
  /** The one-time code of this start; undefined once there is an owner. */
  ownerCode(): string | undefined;
  /** True if the code was right: the sender is now the owner and allowed, durably. */
  claim(code: string, person: Person): Promise<boolean>;
  /** The code that the owner has to grant; the same one for the same person while it is good. */
  request(person: Person): string | undefined;
  /** Lets in whoever was given this code, durably, and tells them. The same code again changes nothing. */
  grant(code: string): Promise<Person | undefined>;
}

export interface PairingDeps {
  readonly hasOwner: () => boolean;
  /** Writes to the machine's configuration; the change is in force when it resolves. */
  readonly makeOwner: (person: Person) => Promise<void>;
  readonly grants: Pick<Grants, "add" | "find">;
  readonly newCode: () => string;
  readonly clock: Clock;
  readonly log: Log;
}

interface Request {
  readonly person: Person;
  readonly expiresAt: number;
}

const REQUEST_LIFETIME_MS = 3_600_000;
/** Strangers who wait for a grant at once; the door stays shut for others until one expires. */
const MAX_REQUESTS = 20;
/** Wrong guesses at the owner's code; after that only a restart prints a new one. */
const MAX_GUESSES = 20;

export function createPairing(deps: PairingDeps): Pairing {
  const code = deps.newCode();
  const requests = new Map<string, Request>();
  let guesses = 0;

  const isOpen = () => !deps.hasOwner() && guesses < MAX_GUESSES;

  function dropExpired(): void {
    for (const [code, { expiresAt }] of requests) {
      if (expiresAt <= deps.clock.now()) requests.delete(code);
    }
  }

  return {
    ownerCode: () => (isOpen() ? code : undefined),
    async claim(guess, person) {
      if (!isOpen()) return false;
      if (!sameText(guess.trim().toUpperCase(), code)) {
        guesses += 1;
        if (!isOpen())
          deps.log.error("too many wrong pairing codes; restart the server for a new one");
        return false;
      }
      await deps.makeOwner(person);
      deps.log.warn(
        { channel: person.channel, user: person.sender.id },
        "paired: this user is the owner",
      );
      return true;
    },
    request(person) {
      dropExpired();
      for (const [code, request] of requests) if (samePerson(request.person, person)) return code;
      if (requests.size >= MAX_REQUESTS) return undefined;
      const fresh = deps.newCode();
      requests.set(fresh, { person, expiresAt: deps.clock.now() + REQUEST_LIFETIME_MS });
      return fresh;
    },
    async grant(given) {
      dropExpired();
      const code = given.trim().toUpperCase();
      // A command that is run again after a crash finds its request gone, and its effect there.
      const person = requests.get(code)?.person ?? (await deps.grants.find(code));
      if (!person) return undefined;
      await deps.grants.add(person, code);
      requests.delete(code);
      deps.log.warn({ channel: person.channel, user: person.sender.id }, "user let in");
      return person;
    },
  };
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

const samePerson = (a: Person, b: Person) => a.channel === b.channel && a.sender.id === b.sender.id;
