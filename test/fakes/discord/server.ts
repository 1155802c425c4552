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
import { createGateway, type Gateway } from "./gateway.ts";
import { createPeople, type People } from "./person.ts";
import { serve, type World } from "./serve.ts";
import {
  type Access,
  addChannel,
  BOT_ID,
  type ChannelType,
  channelOf,
  createState,
  dmOf,
  type FakeInteraction,
  type FakeState,
  GENERAL_ID,
  GUILD_ID,
  type LoggedRequest,
  type ShownMessage,
  userOf,
} from "./state.ts";

export interface DiscordFakeOptions {
  readonly token?: string;
  readonly username?: string;
  /** The switch "Message Content Intent" in the developer portal; on by default. */
  readonly messageContent?: boolean;
  /** 41.25 s by default, as Discord's. */
  readonly heartbeatMs?: number;
  /** A free one by default. */
  readonly port?: number;
}

/** Discord's REST API and Gateway on 127.0.0.1, with what is needed to speak as people, to see the channels, and to break things. */
export interface DiscordFake extends People {
  /** For discord.js' `rest.api`, or a channel's `api_root`. */
  readonly url: string;
  readonly token: string;
  readonly botId: string;
  readonly guildId: string;
  /** The guild's channel "general". */
  readonly generalId: string;
  /** Connections of the bot, and how to disturb them. */
  readonly gateway: Omit<Gateway, "upgrade" | "message">;
  /** The id of the private chat with a person. */
  dm(user: string): string;
  addChannel(name: string, options?: { type?: ChannelType; parent?: string }): string;
  /** `hidden`: the bot lost its right to see it. `gone`: it was deleted. `no-history`: it may not read what was. */
  setAccess(channel: string, access: Access): void;
  /** The person does not take messages from the bot (403, code 50007). */
  block(user: string, blocked: boolean): void;
  /** The channel as people see it, oldest first. */
  messages(channel: string): readonly ShownMessage[];
  /** What the bot has written there. */
  replies(channel: string): readonly ShownMessage[];
  /** Someone removes a message. */
  remove(channel: string, messageId: string): void;
  /** Requests in order of arrival; all of them without a match. */
  requests(match?: string | RegExp): readonly LoggedRequest[];
  typings(channel: string): FakeState["typings"];
  /** Requests that have arrived and were not answered, and gateway connections. */
  openConnections(): number;
  commands(): readonly Record<string, unknown>[];
  interactions(): readonly FakeInteraction[];
  /** The token is refused: 401, and 4004 at the gateway, which closes what is open. */
  revoke(revoked: boolean): void;
  setMessageContent(on: boolean): void;
  /** How long a nonce is remembered; 2 minutes by default ("past few minutes"). */
  setNonceWindow(ms: number): void;
  /** Discord's clock goes on by so much at once: of nonces, ids and the header "date". */
  passTime(ms: number): void;
  /** Posts allowed to a channel; told in rate limit headers, beyond them 429. */
  setSendLimit(limit: number, perMs: number): void;
  /** A 429 with the description "global" counts for the whole bot; "50013 Text" gives Discord's code. */
  fault(match: CallMatch, fault: Fault, times?: number): void;
  clearFaults(): void;
  /** Returns a function that takes the hook away. */
  onRequest(match: CallMatch, phase: CallPhase, hook: CallHook): () => void;
  /** Refuses connections and cuts those there are; history and sessions are kept. */
  stop(): Promise<void>;
  /** Listens again, at the same address. */
  start(): Promise<void>;
  close(): Promise<void>;
}

const DEFAULT_TOKEN = "fake.discord.token";

export async function createDiscordFake(options: DiscordFakeOptions = {}): Promise<DiscordFake> {
  const state = createState({
    token: options.token ?? DEFAULT_TOKEN,
    username: options.username ?? "my-test-bot",
    messageContent: options.messageContent ?? true,
  });
  let port = options.port ?? 0;
  const gatewayUrl = () => `ws://127.0.0.1:${port}/gateway`;
  const heartbeatMs = options.heartbeatMs ?? 41_250;
  const gateway = createGateway(state, { url: gatewayUrl, heartbeatMs });
  const world: World = {
    state,
    gateway,
    gatewayUrl,
    faults: createFaults(),
    hooks: createHooks(),
  };
  const http = await listen(world, port);
  port = http.port;
  return {
    ...createPeople(state, gateway),
    ...views(state),
    ...controls(world),
    url: `http://127.0.0.1:${port}/api`,
    token: state.token,
    botId: BOT_ID,
    guildId: GUILD_ID,
    generalId: GENERAL_ID,
    gateway,
    openConnections: () => http.open() + gateway.connections(),
    start: http.start,
    stop: http.stop,
    close: http.stop,
  };
}

type Views = Pick<
  DiscordFake,
  "dm" | "messages" | "replies" | "requests" | "typings" | "commands" | "interactions"
>;

function views(state: FakeState): Views {
  return {
    dm: (user) => dmOf(state, user).id,
    messages: (channel) => channelOf(state, channel).messages,
    replies: (channel) =>
      channelOf(state, channel).messages.filter((message) => message.by === "bot"),
    requests: (match) =>
      state.requests.filter(({ name }) => {
        if (match === undefined) return true;
        return typeof match === "string" ? match === name : match.test(name);
      }),
    typings: (channel) => state.typings.filter((typing) => typing.channel === channel),
    commands: () => state.commands,
    interactions: () => [...state.interactions.values()],
  };
}

type Controls = Pick<
  DiscordFake,
  | "addChannel"
  | "setAccess"
  | "block"
  | "remove"
  | "revoke"
  | "setMessageContent"
  | "setNonceWindow"
  | "passTime"
  | "setSendLimit"
  | "fault"
  | "clearFaults"
  | "onRequest"
>;

function controls({ state, gateway, faults, hooks }: World): Controls {
  return {
    addChannel: (name, { type = 0, parent } = {}) =>
      addChannel(state, { id: state.newId(), type, name, ...(parent ? { parent } : {}) }).id,
    setAccess(channel, access) {
      channelOf(state, channel).access = access;
    },
    block(user, blocked) {
      userOf(state, user).blocked = blocked;
    },
    remove(channel, messageId) {
      const { messages } = channelOf(state, channel);
      messages.splice(
        messages.findIndex(({ id }) => id === messageId),
        1,
      );
    },
    revoke(revoked) {
      state.revoked = revoked;
      if (revoked) gateway.close(4004);
    },
    setMessageContent(on) {
      state.messageContent = on;
    },
    setNonceWindow(ms) {
      state.nonceWindowMs = ms;
    },
    passTime(ms) {
      state.clockAheadMs += ms;
    },
    setSendLimit(limit, perMs) {
      state.sendLimit = { limit, perMs };
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
  server.on("upgrade", world.gateway.upgrade);
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const listenAt = (at: number) =>
    new Promise<number>((resolve, reject) => {
      server.once("error", reject);
      server.listen(at, "127.0.0.1", () => {
        server.removeListener("error", reject);
        resolve((server.address() as AddressInfo).port);
      });
    });
  const port = await listenAt(wantedPort);
  return {
    port,
    open: () => open,
    async start() {
      await listenAt(port);
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
