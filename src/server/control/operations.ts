import type { EventBus } from "../../events/event-bus.ts";
import { assertNever } from "../../runtime/assert-never.ts";
import { UserError } from "../../runtime/errors.ts";
import type { Pairing } from "../pairing.ts";
import type { StatusReport } from "../status.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { OutboxFiles } from "./outbox-files.ts";
import type { ControlRequest } from "./protocol.ts";

export interface OperationDeps {
  readonly status: () => Promise<StatusReport>;
  readonly letters: DeadLetters;
  readonly outbox: OutboxFiles;
  readonly bus: Pick<EventBus, "retry" | "discard">;
  readonly pairing: Pick<Pairing, "grant">;
}

export type Operation = Exclude<ControlRequest, { method: "chat" }>;

/** Does what a command asks for; resolves with plain data. Rejects with a UserError on the person's own mistake. */
export async function operate(deps: OperationDeps, request: Operation): Promise<unknown> {
  switch (request.method) {
    case "status":
      return statusWithLetters(deps);
    case "outbox.list":
      return deps.outbox.list();
    case "outbox.show":
      return deps.outbox.find(request.ref);
    case "outbox.seen":
      return deps.letters.markSeen(request.refs).then(() => ({}));
    case "outbox.retry":
      return decide(deps, request.ref, async (ref) => {
        await deps.letters.forgetSeen(ref);
        await deps.bus.retry(ref);
      });
    case "outbox.discard":
      return decide(deps, request.ref, deps.bus.discard);
    case "pair":
      return grant(deps, request.code);
    default:
      return assertNever(request);
  }
}

/** As many dead letters as the status names. */
const SHOWN = 5;

async function statusWithLetters({ status, letters, outbox }: OperationDeps) {
  const report = await status();
  return { ...report, letters: await outbox.dead(letters.unseen(SHOWN)) };
}

async function decide(
  { outbox }: OperationDeps,
  start: string,
  apply: (ref: string) => Promise<void>,
): Promise<unknown> {
  const { ref } = await outbox.find(start);
  await apply(ref);
  return { ref };
}

async function grant({ pairing }: OperationDeps, code: string): Promise<unknown> {
  const person = await pairing.grant(code);
  if (person) return { channel: person.channel, user: person.sender.id, name: person.sender.name };
  throw new UserError(
    `Cannot let anyone in with the code "${code}": it is not known, or too old; have them send /pair again`,
  );
}
