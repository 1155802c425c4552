import { Routes } from "discord.js";
import * as z from "zod";
import type { Address } from "../../events/event.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Channel, OutgoingPart, Receipt, SendContext } from "../channel.ts";
import { DeliveryError } from "../delivery-error.ts";
import { isChannelClosed, toDeliveryError } from "./errors.ts";
import { PAGE_SIZE } from "./history.ts";
import { NONCE_WINDOW_MS, nonceOf } from "./nonce.ts";
import type { Rest } from "./rest.ts";
import { compareIds, firstIdAt } from "./snowflake.ts";

/** The longest text of one message; Discord counts characters, of which there are never more than UTF-16 units. */
export const TEXT_LENGTH = 2_000;

/** How far off the estimate of Discord's clock may be: it tells whole seconds, and the answer takes its time. */
const CLOCK_TOLERANCE_MS = 3_000;

const postedSchema = z.object({ id: z.string() });
const sentSchema = z.object({
  id: z.string(),
  content: z.string(),
  author: z.object({ id: z.string() }),
});

export interface SenderDeps {
  readonly rest: Rest;
  readonly clock: Clock;
}

export type Sender = Pick<Required<Channel>, "send" | "findSent" | "typing">;

export function createSender(deps: SenderDeps): Sender {
  const { rest } = deps;
  const ownId = createOwnId(rest);
  return {
    async send(part, to, context) {
      if (context.signal.aborted) throw notStarted(context.signal);
      try {
        return await postAll(messagesOf(part, context), to, { rest, signal: context.signal });
      } catch (error) {
        throw toDeliveryError(error, "send to Discord");
      }
    },
    async findSent(part, to, context) {
      if (isNonceKnown(context, deps.clock)) return undefined;
      try {
        const author = await ownId(context.signal);
        return await findInHistory(messagesOf(part, context), to, { rest, context, author });
      } catch (error) {
        // Without the history, to send again is all that is left.
        if (isChannelClosed(error)) return undefined;
        throw toDeliveryError(error, "read Discord's history");
      }
    },
    async typing(to, signal) {
      try {
        await rest.post(Routes.channelTyping(channelOf(to)), signal);
      } catch (error) {
        throw toDeliveryError(error, "show typing");
      }
    },
  };
}

/** Within the window a second look is not needed: sent again, Discord answers with the message that it has. */
function isNonceKnown({ firstTriedAt }: SendContext, clock: Clock): boolean {
  const age = clock.now() - firstTriedAt;
  return age >= 0 && age < NONCE_WINDOW_MS;
}

interface Outgoing {
  readonly content: string;
  readonly nonce: string;
}

/** One message; two if the label has no room before the text. */
function messagesOf(part: OutgoingPart, { idempotencyKey }: SendContext): readonly Outgoing[] {
  const text = { content: part.text, nonce: nonceOf(idempotencyKey) };
  if (part.label === undefined) return [text];
  const label = plain(part.label);
  const whole = `${label}\n${part.text}`;
  if (whole.length <= TEXT_LENGTH) return [{ ...text, content: whole }];
  return [{ content: label, nonce: nonceOf(`${idempotencyKey}/label`) }, text];
}

/** Shown as it is written. */
const plain = (text: string) => text.replace(/[\\*_~`|<>#:@[\]()-]/g, "\\$&");

async function postAll(
  messages: readonly Outgoing[],
  to: Address,
  { rest, signal }: { rest: Rest; signal: AbortSignal },
): Promise<Receipt> {
  let receipt: Receipt = { messageId: "" };
  for (const [index, message] of messages.entries()) {
    const body = bodyOf(message, index === 0 ? to.replyTo : undefined);
    const answer = await rest.post(Routes.channelMessages(channelOf(to)), signal, body);
    receipt = { messageId: postedSchema.parse(answer).id };
  }
  return receipt;
}

const bodyOf = ({ content, nonce }: Outgoing, replyTo: string | undefined) => ({
  content,
  nonce,
  enforce_nonce: true,
  // A model must not be able to call everyone in a channel.
  allowed_mentions: { parse: [] },
  ...(replyTo === undefined
    ? {}
    : { message_reference: { message_id: replyTo, fail_if_not_exists: false } }),
});

/** A thread is a channel of its own. */
const channelOf = ({ chat, thread }: Address) => thread ?? chat;

interface Search {
  readonly rest: Rest;
  readonly context: SendContext;
  readonly author: string;
}

/** The history does not tell nonces: author and text since the first attempt must do. */
async function findInHistory(
  messages: readonly Outgoing[],
  to: Address,
  { rest, context, author }: Search,
): Promise<Receipt | undefined> {
  const wanted = messages.at(-1)?.content.trim();
  let after = firstIdAt(context.firstTriedAt + rest.clockSkewMs() - CLOCK_TOLERANCE_MS);
  for (;;) {
    const query = { after, limit: String(PAGE_SIZE) };
    const answer = await rest.get(Routes.channelMessages(channelOf(to)), context.signal, query);
    const page = z.array(sentSchema).parse(answer);
    const found = page.find(({ content, author: by }) => by.id === author && content === wanted);
    if (found) return { messageId: found.id };
    if (page.length < PAGE_SIZE) return undefined;
    after = page.map(({ id }) => id).reduce((a, b) => (compareIds(a, b) > 0 ? a : b));
  }
}

function createOwnId(rest: Rest): (signal: AbortSignal) => Promise<string> {
  let known: string | undefined;
  return async (signal) => {
    known ??= postedSchema.parse(await rest.get(Routes.user(), signal)).id;
    return known;
  };
}

const notStarted = (signal: AbortSignal) =>
  new DeliveryError(
    "Cannot send to Discord: told to stop before the request",
    { kind: "transient", ambiguous: false },
    { cause: signal.reason },
  );
