import { describe, expect, it, onTestFinished } from "vitest";
import { createDiscordFake } from "../fakes/discord/server.ts";
import type { Fault } from "../fakes/fault.ts";
import { createTelegramFake } from "../fakes/telegram/server.ts";
import { createCuttingProxy } from "../support/cutting-proxy.ts";
import { type ProbeResult, probeSends } from "../support/send-probe.ts";
import { createByteProxy, createTlsFront } from "../support/tls-front.ts";

const NOT_SENT = { kind: "transient", ambiguous: false };
const AMBIGUOUS = { kind: "transient", ambiguous: true };
const PERSON = 42;
const USER = "200000000000000001";

/** Each platform as it is seen here. */
const PLATFORMS = {
  async telegram() {
    const fake = await createTelegramFake();
    fake.chat(PERSON);
    return {
      fake,
      chat: String(PERSON),
      path: "",
      sendLine: /sendMessage/,
      fault: (fault: Fault) => fake.fault("sendMessage", fault),
      texts: () => fake.replies(PERSON).map(({ text }) => text),
    };
  },
  async discord() {
    const fake = await createDiscordFake();
    const chat = fake.dm(USER);
    return {
      fake,
      chat,
      path: "/api",
      sendLine: /^POST .*messages/,
      fault: (fault: Fault) => fake.fault(/^POST .*messages$/, fault),
      texts: () => fake.replies(chat).map(({ content }) => content),
    };
  },
} as const;

describe.each(["telegram", "discord"] as const)("%s over TLS", (platform) => {
  async function setUp() {
    const world = await PLATFORMS[platform]();
    onTestFinished(world.fake.close);
    const port = Number(new URL(world.fake.url).port);
    const rootAt = (at: number) => `https://127.0.0.1:${at}${world.path}`;
    const probe = (roots: readonly string[], explains = false) =>
      probeSends({ platform, token: world.fake.token, chat: world.chat, roots, explains });
    const front = async (...args: Parameters<typeof createTlsFront>) => {
      const made = await createTlsFront(...args);
      onTestFinished(made.close);
      return made;
    };
    const cutter = async (...args: Parameters<typeof createByteProxy>) => {
      const made = await createByteProxy(...args);
      onTestFinished(made.close);
      return made;
    };
    return { ...world, port, rootAt, probe, front, cutter };
  }

  // Seen red with `rejectUnauthorized: false`, and with the request taken for written from "connect" on.
  it("sends nothing to whoever cannot prove who he is, and says what to do", async () => {
    const { port, rootAt, probe, front, texts, fake } = await setUp();
    const fronts = [
      await front("self-signed", port),
      await front("expired", port),
      await front("other-name", port),
    ];
    const roots = fronts.map((each) => rootAt(each.port));
    const results = await probe(roots, true);
    const remedies = ["NODE_EXTRA_CA_CERTS", "clock", "a name that the server's certificate holds"];
    const reasons = [/self[- ]signed certificate/, /certificate has expired/, /altnames/];
    for (const [index, { verdict, reason, remedy, state }] of results.entries()) {
      expect(verdict, reason).toEqual(NOT_SENT);
      expect(reason).toMatch(reasons[index] ?? "");
      expect(remedy).toContain(remedies[index]);
      expect(state).toMatchObject({
        kind: "failing",
        reason: expect.stringMatching(reasons[index] ?? ""),
        remedy: expect.stringContaining(remedies[index] ?? ""),
      });
    }
    expect(texts()).toEqual([]);
    expect(fake.requests()).toEqual([]);
    expect(fronts.map((each) => each.heard())).toEqual([0, 0, 0]);
  });

  it("says not sent of a handshake that is cut, reset or never ends, in every place", async () => {
    const { port, rootAt, probe, front, cutter, texts } = await setUp();
    const good = await front("good", port);
    const places = [
      ...[1, 100].map((bytes) => ({ from: "client", bytes }) as const),
      ...[0, 1, 5, 100, 300, 500].map((bytes) => ({ from: "server", bytes }) as const),
    ];
    const acts = ["cut", "reset"] as const;
    const cutters = await Promise.all([
      ...places.flatMap((place) => acts.map((act) => cutter(good.port, { ...place, act }))),
      cutter(good.port, { from: "server", bytes: 0, act: "hang" }),
      cutter(good.port, { from: "server", bytes: 300, act: "hang" }),
    ]);
    // Nobody speaks TLS there.
    const roots = [...cutters.map((each) => each.port), port].map(rootAt);
    for (const [index, { verdict, reason }] of (await probe(roots)).entries()) {
      expect(verdict, `${index}: ${reason}`).toEqual(NOT_SENT);
    }
    expect(texts()).toEqual([]);
    expect(good.heard()).toBe(0);
  });

  it("is ambiguous once the request is written, and sent when it is answered", async () => {
    const { fake, port, rootAt, probe, front, fault, texts, sendLine } = await setUp();
    const good = await front("good", port);
    const proxy = await createCuttingProxy(fake.url);
    onTestFinished(proxy.close);
    const cut = await front("good", proxy.port);
    fault({ drop: true });
    fault({ deliverThenDrop: true });
    proxy.order(sendLine, { of: "request", place: "half of the body", act: "reset" });
    proxy.order(sendLine, { of: "response", place: "half of the body", act: "cut" });
    const results = await probe([good, good, cut, cut, good].map((each) => rootAt(each.port)));
    const verdicts = results.map((result: ProbeResult) => result.verdict);
    expect(verdicts).toEqual([AMBIGUOUS, AMBIGUOUS, AMBIGUOUS, AMBIGUOUS, "sent"]);
    expect(texts()).toEqual(["send 1", "send 3", "send 4"]);
  });

  // Where the handshake ends is not known to the byte: what is said must be true on either side of it.
  it("never says not sent of what was posted, wherever the other side falls silent", async () => {
    const { port, rootAt, probe, front, cutter, texts } = await setUp();
    const good = await front("good", port);
    const counts = [550, 650, 750, 800, 850, 900, 950, 1_000, 1_100, 1_200, 1_400];
    const cutters = await Promise.all(
      counts.map((bytes) => cutter(good.port, { from: "server", bytes, act: "reset" })),
    );
    const results = await probe(cutters.map((each) => rootAt(each.port)));
    const shown = texts();
    const said = results.map(({ verdict }) => (verdict === "sent" ? verdict : verdict.kind));
    expect(new Set(said)).not.toContain("permanent");
    for (const [index, { verdict }] of results.entries()) {
      const isPosted = shown.includes(`send ${index}`);
      if (verdict === "sent") expect(isPosted).toBe(true);
      else if (isPosted) expect(verdict).toEqual(AMBIGUOUS);
    }
    // Both sides of it were seen, or the counts are no good any more.
    expect(results.map(({ verdict }) => verdict)).toContainEqual(NOT_SENT);
    expect(results.map(({ verdict }) => verdict)).toContainEqual(AMBIGUOUS);
  });
});
