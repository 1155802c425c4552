import { describe, expect, it, onTestFinished } from "vitest";
import { eventually, recordingReceiver } from "../../contracts/recording-receiver.ts";
import { createCuttingProxy } from "../../support/cutting-proxy.ts";
import { ADA, createTelegramRig } from "./telegram-rig.ts";

const page = (status: number, headers = "") =>
  `HTTP/1.1 ${status} No\r\nconnection: close\r\ncontent-length: 4\r\n${headers}\r\nhtml`;

/** A bot that polls through a proxy. */
async function setUp() {
  const proxy = await createCuttingProxy();
  const rig = await createTelegramRig({ config: { api_root: proxy.url } });
  proxy.forwardTo(rig.fake.url);
  const stop = new AbortController();
  const receiver = recordingReceiver();
  const start = () => {
    const running = rig.channel.receive(receiver, stop.signal);
    onTestFinished(async () => {
      stop.abort();
      await running;
      await rig.fake.close();
      await proxy.close();
    });
  };
  const failings = () => receiver.states().filter((state) => state.kind === "failing");
  return { ...rig, proxy, receiver, start, failings };
}

describe.each(["getMe", "getUpdates"])("a strange answer to %s", (method) => {
  const line = new RegExp(method);

  // Seen red with a page's status taken for Telegram's own.
  it.each([401, 403, 404, 409, 413, 429])(
    "(%i) is a proxy's, not Telegram's refusal, and nothing is lost by it",
    async (status) => {
      const { fake, proxy, receiver, start, failings } = await setUp();
      proxy.order(line, { of: "answer", bytes: page(status), act: "cut" });
      fake.say(ADA, "hello");
      start();
      await eventually(() => expect(receiver.texts()).toEqual(["hello"]));
      expect(failings()).toMatchObject([
        {
          reason: `${proxy.url} cannot be reached: the answer is not one of the Bot API (status ${status})`,
          remedy: expect.stringContaining("a proxy on the way"),
        },
      ]);
      await eventually(() => expect(receiver.state()?.kind).toBe("connected"));
    },
  );

  it.each([301, 302, 303, 307, 308])("(%i) sends the token to no other host", async (status) => {
    const { fake, proxy, receiver, start, failings } = await setUp();
    const stranger = await createCuttingProxy(fake.url);
    onTestFinished(stranger.close);
    const bytes = page(status, `location: ${stranger.url}/bot${fake.token}/${method}\r\n`);
    proxy.order(line, { of: "answer", bytes, act: "cut" });
    fake.say(ADA, "hello");
    start();
    await eventually(() => expect(receiver.texts()).toEqual(["hello"]));
    const host = new URL(stranger.url).host;
    expect(failings()).toMatchObject([
      {
        reason: `${proxy.url} cannot be reached: it answered ${status}, a redirect to ${host}, which is not followed`,
        remedy: expect.stringContaining("api_root"),
      },
    ]);
    expect(stranger.lines()).toEqual([]);
    expect(JSON.stringify(receiver.states())).not.toContain("fake-token");
  });

  it("is waited for as long as a proxy's 429 says", async () => {
    const { fake, proxy, receiver, start } = await setUp();
    const bytes = page(429, "retry-after: 20\r\n");
    proxy.order(line, { of: "answer", bytes, act: "cut" });
    fake.say(ADA, "hello");
    const began = Date.now();
    start();
    await eventually(() => expect(receiver.texts()).toEqual(["hello"]));
    // The clock is 20 times as fast.
    expect(Date.now() - began).toBeGreaterThanOrEqual(990);
  });
});
