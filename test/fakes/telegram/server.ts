import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import {
  type CallHook,
  type CallMatch,
  type CallPhase,
  createFaults,
  createHooks,
  type Fault,
} from "../fault.ts";
import { createPeople, type People } from "./person.ts";
import { serve, type World } from "./serve.ts";
import {
  type BotAccount,
  type Chat,
  chatKey,
  createState,
  type FakeState,
  type LoggedRequest,
  openChat,
  type ShownMessage,
} from "./state.ts";
import { createWebhookPusher } from "./webhook-push.ts";

export interface BotOptions {
  /** `<id>:<secret>`, as Telegram's. */
  readonly token: string;
  readonly username?: string;
  readonly firstName?: string;
  readonly readsAllGroupMessages?: boolean;
}

export interface TelegramFakeOptions {
  /** One bot, `123456:fake-token`, by default. */
  readonly bots?: readonly BotOptions[];
  /** The server knows `sendRichMessage`; it does not by default. */
  readonly richMessages?: boolean;
  /** A free one by default. */
  readonly port?: number;
}

/** A Bot API server on 127.0.0.1, with what is needed to speak as people, to see the chats, and to break things. */
export interface TelegramFake extends People {
  readonly url: string;
  readonly token: string;
  /** The chat as people see it, oldest first. */
  messages(chatId: number, token?: string): readonly ShownMessage[];
  /** What the bot has written there. */
  replies(chatId: number, token?: string): readonly ShownMessage[];
  /** Requests in order of arrival; all of them without a method. */
  requests(method?: string): readonly LoggedRequest[];
  typings(chatId: number): FakeState["typings"];
  /** Updates that a bot starting now would get. */
  unconfirmed(token?: string): number;
  /** Requests that have arrived and were not answered (polls too). */
  openRequests(): number;
  commands(token?: string): readonly unknown[];
  webhook(token?: string): BotAccount["webhook"];
  answeredCallbacks(): ReadonlySet<string>;
  addBot(bot: BotOptions): void;
  /** Makes a chat that the bot may write to, or changes it. */
  chat(
    id: number,
    options?: { title?: string; isForum?: boolean; threads?: readonly number[]; token?: string },
  ): Chat;
  /** The token is refused with 401 (also a running poll) until it is given back. */
  revoke(revoked: boolean, token?: string): void;
  setRichMessages(known: boolean): void;
  /** The id of the next update: ids restart at random after a quiet week. */
  setNextUpdateId(id: number, token?: string): void;
  fault(match: CallMatch, fault: Fault, times?: number): void;
  clearFaults(): void;
  /** Returns a function that takes the hook away. */
  onRequest(match: CallMatch, phase: CallPhase, hook: CallHook): () => void;
  /** Refuses connections and cuts those there are; what was said and shown is kept. */
  stop(): Promise<void>;
  /** Listens again, at the same address. */
  start(): Promise<void>;
  close(): Promise<void>;
}

const DEFAULT_TOKEN = "123456:fake-token";

export async function createTelegramFake(options: TelegramFakeOptions = {}): Promise<TelegramFake> {
  const world: World = {
    state: createState(),
    faults: createFaults(),
    hooks: createHooks(),
    pusher: createWebhookPusher(),
  };
  const { state } = world;
  state.richMessages = options.richMessages ?? false;
  const bots = options.bots ?? [{ token: DEFAULT_TOKEN, username: "my_test_bot" }];
  for (const bot of bots) addBot(state, bot);
  const botFor = (token = bots[0]?.token ?? ""): BotAccount => {
    const bot = state.bots.get(token);
    if (!bot) throw new Error(`Cannot find the bot "${token}" in the fake`);
    return bot;
  };
  const shown = (chatId: number, token?: string) =>
    state.chats.get(chatKey(botFor(token), chatId))?.messages ?? [];
  const http = await listen(world, options.port ?? 0);
  return {
    ...createPeople(state, botFor, world.pusher.kick),
    ...http,
    ...controls(world, botFor),
    token: bots[0]?.token ?? "",
    messages: shown,
    replies: (chatId, token) => shown(chatId, token).filter((message) => message.by === "bot"),
    requests: (method) =>
      state.requests.filter((request) => method === undefined || request.name === method),
    typings: (chatId) => state.typings.filter((typing) => typing.chatId === chatId),
    unconfirmed: (token) => botFor(token).updates.length,
    commands: (token) => botFor(token).commands,
    webhook: (token) => botFor(token).webhook,
    answeredCallbacks: () => state.answeredCallbacks,
    async close() {
      await http.stop();
      await world.pusher.close();
    },
  };
}

function addBot(state: FakeState, options: BotOptions): void {
  const id = Number.parseInt(options.token, 10);
  if (!Number.isInteger(id)) throw new Error(`Cannot use token "${options.token}": no id in front`);
  state.bots.set(options.token, {
    token: options.token,
    id,
    username: options.username ?? `bot_${id}`,
    firstName: options.firstName ?? "Test Bot",
    readsAllGroupMessages: options.readsAllGroupMessages ?? false,
    revoked: false,
    updates: [],
    nextUpdateId: 700_000_000 + (id % 1000),
    allowedUpdates: undefined,
    poll: undefined,
    webhook: undefined,
    commands: [],
  });
}

type Controls = Pick<
  TelegramFake,
  | "addBot"
  | "chat"
  | "revoke"
  | "setRichMessages"
  | "setNextUpdateId"
  | "fault"
  | "clearFaults"
  | "onRequest"
>;

function controls(
  { state, faults, hooks }: World,
  botFor: (token?: string) => BotAccount,
): Controls {
  return {
    addBot: (bot) => addBot(state, bot),
    chat(id, { threads = [], token, ...rest } = {}) {
      const chat = openChat(state, botFor(token), { id, ...rest });
      for (const thread of threads) chat.threads.add(thread);
      return chat;
    },
    revoke(revoked, token) {
      const bot = botFor(token);
      bot.revoked = revoked;
      bot.poll?.wake();
    },
    setRichMessages(known) {
      state.richMessages = known;
    },
    setNextUpdateId(id, token) {
      botFor(token).nextUpdateId = id;
    },
    fault: faults.add,
    clearFaults: faults.clear,
    onRequest: hooks.on,
  };
}

async function listen(world: World, wantedPort: number) {
  const sockets = new Set<Socket>();
  let open = 0;
  const server = createServer((request, response) => {
    open += 1;
    response.once("close", () => {
      open -= 1;
    });
    void serve(world, request, response).catch(() => {
      // A request that was cut while it was read: the client has the error.
      request.destroy();
    });
  });
  server.keepAliveTimeout = 60_000;
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const listenAt = (port: number) =>
    new Promise<number>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        server.removeListener("error", reject);
        resolve((server.address() as AddressInfo).port);
      });
    });
  const port = await listenAt(wantedPort);
  return {
    url: `http://127.0.0.1:${port}`,
    openRequests: () => open,
    async start() {
      await listenAt(port);
    },
    async stop() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
      // Clients in this process hear of it a moment later; until then they would use a dead connection again.
      await new Promise((resolve) => setTimeout(resolve, 20));
    },
  };
}
