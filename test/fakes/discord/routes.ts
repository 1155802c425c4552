import { z } from "zod";
import { ApiError, apiError } from "./api-error.ts";
import type { Gateway } from "./gateway.ts";
import { blanked, channelPayload, messagePayload, userPayload } from "./payloads.ts";
import {
  addMessage,
  discordNow,
  dmOf,
  type FakeChannel,
  type FakeInteraction,
  type FakeState,
  historyPage,
  type ShownMessage,
  userOf,
} from "./state.ts";

export interface RouteContext {
  readonly state: FakeState;
  readonly gateway: Gateway;
  readonly gatewayUrl: string;
  /** Ids in the path, in order. */
  readonly ids: readonly string[];
  /** The JSON body; the query of a GET. */
  readonly body: unknown;
}

/** What a route answers; `undefined` is a 204 without a content type. */
type Answer = unknown;

interface Route {
  readonly method: string;
  readonly path: RegExp;
  /** The bot's token is not asked for: the path holds one of its own. */
  readonly open?: boolean;
  answer(context: RouteContext): Answer;
}

const MESSAGE_CONTENT_LIMITED = 1 << 19;
const EPHEMERAL = 64;
const MAX_CONTENT = 2_000;
const COMMAND_NAME = /^[-_'\p{Ll}\p{Lm}\p{Lo}\p{N}]{1,32}$/u;

const sendSchema = z.object({
  content: z.string().nullish(),
  nonce: z.union([z.string().max(25), z.number().int()]).optional(),
  enforce_nonce: z.boolean().nullish(),
  allowed_mentions: z
    .object({ parse: z.array(z.string()).optional(), replied_user: z.boolean().optional() })
    .nullish(),
  message_reference: z
    .object({ message_id: z.string(), fail_if_not_exists: z.boolean().optional() })
    .nullish(),
});

const callbackSchema = z.object({
  type: z.number(),
  data: z.object({ content: z.string().optional(), flags: z.number().optional() }).nullish(),
});

const commandSchema = z.object({
  name: z.string().regex(COMMAND_NAME),
  description: z.string().min(1).max(100),
  options: z.array(z.record(z.string(), z.unknown())).optional(),
});

export const ROUTES: readonly Route[] = [
  route("GET", /^\/gateway\/bot$/, ({ gatewayUrl }) => ({
    url: gatewayUrl,
    shards: 1,
    session_start_limit: { total: 1000, remaining: 999, reset_after: 0, max_concurrency: 1 },
  })),
  route("GET", /^\/users\/@me$/, ({ state }) => ({
    ...userPayload(state.bot),
    mfa_enabled: false,
    locale: "en-US",
    premium_type: 0,
    email: null,
    verified: true,
  })),
  route("POST", /^\/users\/@me\/channels$/, ({ state, body }) => {
    const { recipient_id } = parse(z.object({ recipient_id: z.string() }), body);
    if (recipient_id === state.bot.id) throw apiError("invalidRecipients");
    return channelPayload(state, dmOf(state, recipient_id));
  }),
  route("GET", /^\/applications\/@me$/, ({ state }) => ({
    id: state.applicationId,
    name: state.bot.username,
    flags: state.messageContent ? MESSAGE_CONTENT_LIMITED : 0,
    bot: userPayload(state.bot),
  })),
  route("GET", /^\/applications\/(\d+)\/commands$/, ({ state }) => state.commands),
  route("PUT", /^\/applications\/(\d+)\/commands$/, putCommands),
  route("GET", /^\/channels\/(\d+)$/, (context) =>
    channelPayload(context.state, openChannel(context)),
  ),
  route("GET", /^\/channels\/(\d+)\/messages$/, getMessages),
  route("POST", /^\/channels\/(\d+)\/messages$/, postMessage),
  route("GET", /^\/channels\/(\d+)\/messages\/(\d+)$/, (context) =>
    messagePayload(context.state, findMessage(context)),
  ),
  route("PATCH", /^\/channels\/(\d+)\/messages\/(\d+)$/, editMessage),
  route("DELETE", /^\/channels\/(\d+)\/messages\/(\d+)$/, (context) => {
    const { messages } = openChannel(context);
    messages.splice(messages.indexOf(findMessage(context)), 1);
  }),
  route("POST", /^\/channels\/(\d+)\/typing$/, (context) => {
    context.state.typings.push({ channel: openChannel(context).id, at: Date.now() });
  }),
  { ...route("POST", /^\/interactions\/(\d+)\/([^/]+)\/callback$/, callback), open: true },
  { ...route("POST", /^\/webhooks\/(\d+)\/([^/]+)$/, followUp), open: true },
  { ...route("PATCH", /^\/webhooks\/(\d+)\/([^/]+)\/messages\/@original$/, followUp), open: true },
  {
    ...route("DELETE", /^\/webhooks\/(\d+)\/([^/]+)\/messages\/@original$/, (context) => {
      answered(context).shown = undefined;
    }),
    open: true,
  },
];

function route(method: string, path: RegExp, answer: Route["answer"]): Route {
  return { method, path, answer };
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new ApiError(`Invalid Form Body: ${z.prettifyError(parsed.error)}`, {
    status: 400,
    code: 50_035,
  });
}

function openChannel({ state, ids }: RouteContext): FakeChannel {
  const channel = state.channels.get(ids[0] ?? "");
  if (!channel || channel.access === "gone") throw apiError("unknownChannel");
  if (channel.access === "hidden") throw apiError("missingAccess");
  return channel;
}

function findMessage(context: RouteContext): ShownMessage {
  const message = openChannel(context).messages.find(({ id }) => id === context.ids[1]);
  if (!message) throw apiError("unknownMessage");
  return message;
}

function getMessages(context: RouteContext) {
  const { state } = context;
  const channel = openChannel(context);
  const query = parse(
    z.object({
      after: z.string().regex(/^\d+$/).optional(),
      before: z.string().regex(/^\d+$/).optional(),
      limit: z.coerce.number().int().min(1).max(100).default(50),
    }),
    context.body,
  );
  if (channel.access === "no-history") return [];
  const page = historyPage(channel, {
    limit: query.limit,
    ...(query.after === undefined ? {} : { after: query.after }),
    ...(query.before === undefined ? {} : { before: query.before }),
  });
  const mayRead = state.messageContent || channel.type === 1;
  return page.map((message) => blanked(state, messagePayload(state, message), mayRead));
}

function postMessage(context: RouteContext) {
  const { state, gateway } = context;
  const channel = openChannel(context);
  const sent = parse(sendSchema, context.body);
  const content = checkedContent(state, channel, sent);
  const nonce = sent.nonce === undefined ? undefined : String(sent.nonce);
  const known = sent.enforce_nonce ? knownNonce(state, channel, nonce) : undefined;
  // Not made a second time, even if someone has deleted it since.
  if (known && !channel.messages.includes(known)) throw apiError("unknownMessage");
  if (known) return { ...messagePayload(state, known), nonce };
  const message = addMessage(state, channel, {
    author: state.bot.id,
    content,
    nonce,
    replyTo: replyTarget(channel, sent.message_reference),
    pinged: pingedBy(content, sent.allowed_mentions?.parse),
  });
  if (nonce !== undefined) {
    state.nonces.set(`${channel.id}/${nonce}`, { message, at: discordNow(state) });
  }
  gateway.message(message);
  return { ...messagePayload(state, message), ...(nonce === undefined ? {} : { nonce }) };
}

function checkedContent(
  state: FakeState,
  channel: FakeChannel,
  sent: z.output<typeof sendSchema>,
): string {
  if (channel.recipient && userOf(state, channel.recipient).blocked) throw apiError("cannotDm");
  const content = (sent.content ?? "").trim();
  if (content === "") throw apiError("emptyMessage");
  if (content.length > MAX_CONTENT) throw tooLong();
  if (sent.message_reference && channel.access === "no-history") throw apiError("cannotQuote");
  return content;
}

const tooLong = () =>
  new ApiError("Invalid Form Body: content: Must be 2000 or fewer in length.", {
    status: 400,
    code: 50_035,
  });

function knownNonce(state: FakeState, channel: FakeChannel, nonce: string | undefined) {
  const known = state.nonces.get(`${channel.id}/${nonce ?? ""}`);
  return known && discordNow(state) - known.at < state.nonceWindowMs ? known.message : undefined;
}

function replyTarget(
  channel: FakeChannel,
  reference: { message_id: string; fail_if_not_exists?: boolean | undefined } | null | undefined,
): string | undefined {
  if (!reference) return undefined;
  if (channel.messages.some((message) => message.id === reference.message_id))
    return reference.message_id;
  if (reference.fail_if_not_exists === false) return undefined;
  throw apiError("unknownMessage");
}

/** Who is notified by what the bot wrote, where `allowed_mentions` does not forbid it. */
function pingedBy(content: string, parse: readonly string[] | undefined): readonly string[] {
  if (parse && !parse.includes("users")) return [];
  return [...content.matchAll(/<@!?(\d+)>/g)].map((match) => match[1] ?? "");
}

function editMessage(context: RouteContext) {
  const message = findMessage(context);
  if (message.by !== "bot") throw apiError("cannotEdit");
  const { content } = parse(z.object({ content: z.string().min(1) }), context.body);
  if (content.length > MAX_CONTENT) throw tooLong();
  message.content = content;
  message.editedAt = Date.now();
  return messagePayload(context.state, message);
}

function putCommands({ state, body }: RouteContext) {
  const commands = parse(z.array(commandSchema), body);
  state.commands = commands.map((command) => ({
    id: state.newId(),
    application_id: state.applicationId,
    version: state.newId(),
    default_member_permissions: null,
    type: 1,
    nsfw: false,
    dm_permission: true,
    contexts: null,
    integration_types: [0],
    name_localizations: null,
    description_localizations: null,
    ...command,
  }));
  return state.commands;
}

function interactionOf({ state, ids }: RouteContext, by: "id" | "token"): FakeInteraction {
  for (const interaction of state.interactions.values()) {
    if (by === "id" && interaction.id === ids[0] && interaction.token === ids[1])
      return interaction;
    if (by === "token" && interaction.token === ids[1]) return interaction;
  }
  throw apiError(by === "id" ? "unknownInteraction" : "unknownWebhook");
}

function callback(context: RouteContext): Answer {
  const interaction = interactionOf(context, "id");
  if (interaction.answers.length > 0) throw apiError("alreadyAcknowledged");
  const { data } = parse(callbackSchema, context.body);
  interaction.answers.push(context.body);
  interaction.shown = {
    content: data?.content ?? "",
    ephemeral: ((data?.flags ?? 0) & EPHEMERAL) !== 0,
  };
  return undefined;
}

function answered(context: RouteContext): FakeInteraction {
  const interaction = interactionOf(context, "token");
  if (interaction.answers.length === 0) throw apiError("unknownWebhook");
  return interaction;
}

function followUp(context: RouteContext): Answer {
  const interaction = answered(context);
  const { content } = parse(z.object({ content: z.string().min(1) }), context.body);
  interaction.answers.push(context.body);
  interaction.shown = { content, ephemeral: interaction.shown?.ephemeral ?? false };
  return { id: context.state.newId(), content };
}
