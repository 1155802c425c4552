import {
  Client,
  Events,
  GatewayIntentBits,
  type Message,
  Partials,
  REST,
  Routes,
} from "discord.js";
import {
  ApplicationCommandResponseSchema,
  GatewayBotResponseSchema,
  MessageResponseSchema,
  PrivateChannelResponseSchema,
  UserPIIResponseSchema,
} from "discord-api-spec/zod";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { eventually } from "../../contracts/recording-receiver.ts";
import { createDiscordFake, type DiscordFake } from "./server.ts";

const ADA = "200000000000000001";

describe("the Discord fake", () => {
  let fake: DiscordFake;
  let rest: REST;
  const clients: Client[] = [];

  beforeEach(async () => {
    fake = await createDiscordFake();
    rest = new REST({
      api: fake.url,
      version: "10",
      retries: 0,
      hashSweepInterval: 0,
      handlerSweepInterval: 0,
    });
    rest.setToken(fake.token);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.destroy();
    await fake.close();
  });

  /** The real library, as a bot would use it. */
  async function login(intents: readonly GatewayIntentBits[] = ALL): Promise<Client<true>> {
    const client = new Client({
      intents,
      partials: [Partials.Channel],
      rest: { api: fake.url, version: "10", retries: 0 },
    });
    clients.push(client);
    const ready = new Promise<Client<true>>((resolve) => client.once(Events.ClientReady, resolve));
    await client.login(fake.token);
    return ready;
  }

  const ALL = [
    GatewayIntentBits.Guilds,
    GatewayIntentBits.GuildMessages,
    GatewayIntentBits.DirectMessages,
    GatewayIntentBits.MessageContent,
  ];

  const heard = (client: Client): Message[] => {
    const messages: Message[] = [];
    client.on(Events.MessageCreate, (message) => void messages.push(message));
    return messages;
  };

  const post = (channel: string, body: Record<string, unknown>) =>
    rest.post(Routes.channelMessages(channel), { body });

  describe("gateway", () => {
    it("lets discord.js log in and gives private and guild messages", async () => {
      const client = await login();
      const messages = heard(client);
      fake.say(ADA, "in private");
      fake.say(ADA, "in public", { channel: fake.generalId, mention: true });
      await eventually(() => expect(messages).toHaveLength(2));
      expect(messages[0]?.channel.isDMBased()).toBe(true);
      expect(messages[1]?.mentions.has(client.user)).toBe(true);
      expect(messages[1]?.content).toBe(`<@${fake.botId}> in public`);
    });

    it("refuses a wrong token and an intent that is switched off", async () => {
      const wrong = new Client({ intents: [], rest: { api: fake.url, retries: 0 } });
      clients.push(wrong);
      await expect(wrong.login("wrong")).rejects.toThrow("An invalid token was provided");
      fake.setMessageContent(false);
      await expect(login()).rejects.toThrow("Used disallowed intents");
    });

    it("blanks contents without the intent, but not of private messages and mentions", async () => {
      const client = await login(
        ALL.filter((intent) => intent !== GatewayIntentBits.MessageContent),
      );
      const messages = heard(client);
      fake.say(ADA, "secret", { channel: fake.generalId });
      fake.say(ADA, "to you", { channel: fake.generalId, mention: true });
      fake.say(ADA, "private");
      await eventually(() => expect(messages).toHaveLength(3));
      expect(messages.map(({ content }) => content)).toEqual([
        "",
        `<@${fake.botId}> to you`,
        "private",
      ]);
    });

    it("gives only what the intents ask for", async () => {
      const client = await login([GatewayIntentBits.Guilds, GatewayIntentBits.DirectMessages]);
      const messages = heard(client);
      fake.say(ADA, "in public", { channel: fake.generalId });
      fake.say(ADA, "in private");
      await eventually(() =>
        expect(messages.map(({ content }) => content)).toEqual(["in private"]),
      );
    });

    it.each([
      ["a killed connection", (f: DiscordFake) => f.gateway.kill()],
      ["op 7", (f: DiscordFake) => f.gateway.askToReconnect()],
    ])("resumes after %s and replays what was missed", async (_, disturb) => {
      const client = await login();
      const messages = heard(client);
      disturb(fake);
      await eventually(() => expect(fake.gateway.connections()).toBe(0));
      fake.say(ADA, "missed");
      await eventually(() => expect(messages.map(({ content }) => content)).toEqual(["missed"]));
      expect(fake.gateway.resumes()).toBe(1);
      expect(fake.gateway.identifies()).toBe(1);
    });

    it("begins a new session after op 9, without what was missed", async () => {
      const client = await login();
      const messages = heard(client);
      fake.gateway.invalidate(false);
      await eventually(() => expect(fake.gateway.connections()).toBe(0));
      fake.say(ADA, "missed");
      await eventually(() => expect(fake.gateway.identifies()).toBe(2), 12_000);
      fake.say(ADA, "new");
      await eventually(() => expect(messages.map(({ content }) => content)).toEqual(["new"]));
    });

    it("makes discord.js reconnect when heartbeats are not acknowledged", async () => {
      await fake.close();
      fake = await createDiscordFake({ heartbeatMs: 200 });
      await login();
      fake.gateway.ackHeartbeats(false);
      await eventually(() => expect(fake.gateway.resumes()).toBeGreaterThan(0));
    });
  });

  describe("messages", () => {
    it("have the form that Discord's description asks for", async () => {
      const message = fake.say(ADA, "hello", { files: ["cat.png"] });
      const answer = fake.say(ADA, "again", { replyTo: message.id });
      const page = await rest.get(Routes.channelMessages(fake.dm(ADA)));
      // Discord writes "+00:00"; the description's checker knows only "Z".
      const parsed = z
        .array(MessageResponseSchema)
        .safeParse(JSON.parse(JSON.stringify(page).replaceAll("+00:00", "Z")));
      expect(parsed.error).toBeUndefined();
      expect(page).toMatchObject([
        { id: answer.id, referenced_message: { id: message.id } },
        { id: message.id, attachments: [{ filename: "cat.png" }] },
      ]);
    });

    it("are paged as Discord does: newest first, next to the id that was asked for", async () => {
      const ids = Array.from({ length: 7 }, (_, i) => fake.say(ADA, `m${i}`).id);
      const page = async (query: Record<string, string>) =>
        z
          .array(z.object({ id: z.string() }))
          .parse(
            await rest.get(Routes.channelMessages(fake.dm(ADA)), {
              query: new URLSearchParams(query),
            }),
          )
          .map(({ id }) => ids.indexOf(id));
      expect(await page({ limit: "2" })).toEqual([6, 5]);
      expect(await page({ limit: "3", after: ids[1] ?? "" })).toEqual([4, 3, 2]);
      expect(await page({ limit: "3", before: ids[2] ?? "" })).toEqual([1, 0]);
      expect(await page({ limit: "100", after: "0" })).toEqual([6, 5, 4, 3, 2, 1, 0]);
    });

    it("with the same nonce are one, as long as the window is open", async () => {
      const body = { content: "once", nonce: "n1", enforce_nonce: true };
      const first = await post(fake.generalId, body);
      expect(await post(fake.generalId, body)).toEqual(first);
      expect(fake.replies(fake.generalId)).toHaveLength(1);
      fake.setNonceWindow(0);
      await post(fake.generalId, body);
      expect(fake.replies(fake.generalId)).toHaveLength(2);
    });

    it("with the same nonce are two, when Discord's clock has gone on beyond the window", async () => {
      const body = { content: "once", nonce: "n1", enforce_nonce: true };
      await post(fake.generalId, body);
      fake.passTime(121_000);
      await post(fake.generalId, body);
      const [first, second] = fake.replies(fake.generalId).map(({ id }) => BigInt(id) >> 22n);
      expect(Number((second ?? 0n) - (first ?? 0n))).toBeGreaterThanOrEqual(121_000);
    });

    it("with the nonce of a deleted one are refused", async () => {
      const body = { content: "once", nonce: "n1", enforce_nonce: true };
      await post(fake.generalId, body);
      fake.remove(fake.generalId, fake.replies(fake.generalId)[0]?.id ?? "");
      await expect(post(fake.generalId, body)).rejects.toMatchObject({ code: 10_008, status: 404 });
    });

    it("are refused with Discord's codes", async () => {
      const refusal = (channel: string, content: string) =>
        expect(post(channel, { content })).rejects;
      await refusal(fake.generalId, "").toMatchObject({ status: 400, code: 50_006 });
      await refusal(fake.generalId, "x".repeat(2_001)).toMatchObject({ status: 400, code: 50_035 });
      await refusal("999999999999999999", "x").toMatchObject({ status: 404, code: 10_003 });
      fake.block(ADA, true);
      await refusal(fake.dm(ADA), "x").toMatchObject({ status: 403, code: 50_007 });
      fake.setAccess(fake.generalId, "hidden");
      await refusal(fake.generalId, "x").toMatchObject({ status: 403, code: 50_001 });
    });

    it("can be edited and deleted by the bot that wrote them", async () => {
      await post(fake.generalId, { content: "draft" });
      const [message] = fake.replies(fake.generalId);
      const route = Routes.channelMessage(fake.generalId, message?.id ?? "");
      await rest.patch(route, { body: { content: "final" } });
      expect(fake.replies(fake.generalId).map(({ content }) => content)).toEqual(["final"]);
      await rest.delete(route);
      expect(fake.messages(fake.generalId)).toEqual([]);
    });

    it("that would notify someone say so", async () => {
      await post(fake.generalId, { content: `hi <@${ADA}>` });
      await post(fake.generalId, { content: `hi <@${ADA}>`, allowed_mentions: { parse: [] } });
      expect(fake.replies(fake.generalId).map(({ pinged }) => pinged)).toEqual([[ADA], []]);
    });
  });

  describe("other answers", () => {
    it("have the forms that Discord's description asks for", async () => {
      const gateway = await rest.get(Routes.gatewayBot());
      expect(GatewayBotResponseSchema.safeParse(gateway).error).toBeUndefined();
      const user = await rest.get(Routes.user());
      expect(UserPIIResponseSchema.safeParse(user).error).toBeUndefined();
      const dm = await rest.post(Routes.userChannels(), { body: { recipient_id: ADA } });
      expect(PrivateChannelResponseSchema.safeParse(dm).error).toBeUndefined();
      const command = { name: "help", description: "Helps" };
      const put = await rest.put(Routes.applicationCommands("100000000000000002"), {
        body: [command],
      });
      const commands = z.array(ApplicationCommandResponseSchema);
      expect(commands.safeParse(put).error).toBeUndefined();
    });

    it("typing is logged, and its 204 is understood", async () => {
      await rest.post(Routes.channelTyping(fake.generalId));
      expect(fake.typings(fake.generalId)).toHaveLength(1);
    });

    it("a revoked token is refused", async () => {
      fake.revoke(true);
      await expect(rest.get(Routes.user())).rejects.toMatchObject({ status: 401 });
    });

    it("an interaction is acknowledged once", async () => {
      const { id, token } = fake.slash(ADA, "help");
      const callback = () =>
        rest.post(Routes.interactionCallback(id, token), {
          auth: false,
          body: { type: 4, data: { content: "hidden", flags: 64 } },
        });
      await callback();
      expect(fake.interactions()[0]?.shown).toEqual({ content: "hidden", ephemeral: true });
      await expect(callback()).rejects.toMatchObject({ code: 40_060 });
      await rest.delete(Routes.webhookMessage("100000000000000002", token), { auth: false });
      expect(fake.interactions()[0]?.shown).toBeUndefined();
    });
  });

  describe("faults", () => {
    const POST = /^POST \/channels\/\d+\/messages$/;

    it("429 carries the time in body and headers, for the route or for the bot", async () => {
      fake.fault(POST, { code: 429, retryAfter: 0.4 });
      fake.fault(POST, { code: 429, retryAfter: 0.4, description: "global" });
      const raw = () =>
        fetch(`${fake.url}/v10${Routes.channelMessages(fake.generalId)}`, {
          method: "POST",
          headers: { authorization: `Bot ${fake.token}`, "content-type": "application/json" },
          body: JSON.stringify({ content: "x" }),
        });
      const limited = await raw();
      expect(limited.status).toBe(429);
      expect(limited.headers.get("retry-after")).toBe("1");
      expect(await limited.json()).toMatchObject({ retry_after: 0.4, global: false });
      const global = await raw();
      expect(global.headers.get("x-ratelimit-global")).toBe("true");
      expect(await global.json()).toMatchObject({ global: true });
      expect((await raw()).status).toBe(200);
    });

    it("deliverThenDrop shows the message, drop does not", async () => {
      fake.fault(POST, { drop: true });
      await expect(post(fake.generalId, { content: "a" })).rejects.toThrow();
      expect(fake.messages(fake.generalId)).toEqual([]);
      fake.fault(POST, { deliverThenDrop: true });
      await expect(post(fake.generalId, { content: "b" })).rejects.toThrow();
      expect(fake.messages(fake.generalId).map(({ content }) => content)).toEqual(["b"]);
    });

    it("hooks run when a request has arrived, when it is posted, and when it is answered", async () => {
      const seen: string[] = [];
      for (const phase of ["arrived", "posted", "answered"] as const) {
        fake.onRequest(POST, phase, () => {
          seen.push(`${phase}:${fake.messages(fake.generalId).length}`);
        });
      }
      await post(fake.generalId, { content: "x" });
      await eventually(() => expect(seen).toEqual(["arrived:0", "posted:1", "answered:1"]));
    });

    it("a hook that abandons a request leaves it unprocessed or unanswered", async () => {
      const off = fake.onRequest(POST, "arrived", () => "abandon");
      await expect(post(fake.generalId, { content: "x" })).rejects.toThrow();
      expect(fake.messages(fake.generalId)).toEqual([]);
      off();
      fake.onRequest(POST, "posted", () => "abandon");
      await expect(post(fake.generalId, { content: "x" })).rejects.toThrow();
      expect(fake.messages(fake.generalId)).toHaveLength(1);
    });
  });
});
