import { Routes } from "discord.js";
import * as z from "zod";
import type { Address } from "../../events/event.ts";
import type { Channel, OutgoingPart, Receipt, SendContext } from "../channel.ts";
import { DeliveryError } from "../delivery-error.ts";
import { isChannelClosed, isQuoteRefused, toDeliveryError } from "./errors.ts";
import { createLastSent, findSent, newestMessage, type Search } from "./find-sent.ts";
import { nonceOf } from "./nonce.ts";
import type { Rest } from "./rest.ts";

/** The longest text of one message; Discord counts characters, of which there are never more than UTF-16 units. */
export const TEXT_LENGTH = 2_000;

const postedSchema = z.object({ id: z.string().min(1) });
export type Sender = Pick<Required<Channel>, "send" | "findSent" | "newestMessage" | "typing">;

export function createSender(rest: Rest): Sender {
  const ownId = createOwnId(rest);
  const lastSent = createLastSent();
  return {
    async send(part, to, context) {
      if (context.signal.aborted) throw notStarted(context.signal);
      const channelId = channelOf(to);
      // Until it is confirmed, nobody knows what the newest message is.
      lastSent.forget(channelId);
      try {
        const receipt = await postAll(messagesOf(part, context), to, {
          rest,
          signal: context.signal,
        });
        lastSent.set(channelId, receipt.messageId);
        return receipt;
      } catch (error) {
        throw toDeliveryError(error, "send to Discord");
      }
    },
    async findSent(part, to, context) {
      const search = async (): Promise<Search> => ({
        ...{ rest, context, channelId: channelOf(to) },
        author: await ownId(context.signal),
        content: messagesOf(part, context).at(-1)?.content.trim() ?? "",
      });
      try {
        return await findSent(await search());
      } catch (error) {
        if (isChannelClosed(error)) return "unknown";
        throw toDeliveryError(error, "read Discord's history");
      }
    },
    async newestMessage(to, signal) {
      const channelId = channelOf(to);
      try {
        return lastSent.get(channelId) ?? (await newestMessage(rest, channelId, signal));
      } catch (error) {
        if (isChannelClosed(error)) return undefined;
        throw asUnsent(toDeliveryError(error, "read Discord's history"));
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

/** Only a question failed: the part itself has not left. */
const asUnsent = (error: DeliveryError): DeliveryError =>
  error.failure.kind === "transient"
    ? new DeliveryError(
        error.message,
        { kind: "transient", ambiguous: false },
        { cause: error.cause },
      )
    : error;

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
    const quoted = index === 0 ? to.replyTo : undefined;
    const answer = await postOne(message, quoted, (body) =>
      rest.post(Routes.channelMessages(channelOf(to)), signal, body),
    );
    receipt = { messageId: postedSchema.parse(answer).id };
  }
  return receipt;
}

/** Without the quotation where the bot may not quote: that was refused, so nothing was posted. */
async function postOne(
  message: Outgoing,
  quoted: string | undefined,
  post: (body: unknown) => Promise<unknown>,
): Promise<unknown> {
  try {
    return await post(bodyOf(message, quoted));
  } catch (error) {
    if (quoted === undefined || !isQuoteRefused(error)) throw error;
    return post(bodyOf(message, undefined));
  }
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
