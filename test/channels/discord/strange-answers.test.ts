import { describe, expect, it, onTestFinished } from "vitest";
import { eventually } from "../../contracts/recording-receiver.ts";
import { createCuttingProxy } from "../../support/cutting-proxy.ts";
import { ADA, createRig, start } from "./rig.ts";

const page = (status: number, headers = "") =>
  `HTTP/1.1 ${status} No\r\nconnection: close\r\ncontent-length: 4\r\n${headers}\r\nhtml`;
const GATEWAY = /^GET \S+\/gateway\/bot /;

async function setUp() {
  const rig = await createRig();
  onTestFinished(rig.fake.close);
  const proxy = await createCuttingProxy(rig.fake.url);
  onTestFinished(proxy.close);
  const failings = ({ receiver }: ReturnType<typeof start>) =>
    receiver.states().filter((state) => state.kind === "failing");
  return { rig, proxy, failings, begin: () => start(rig, { api_root: proxy.url }) };
}

describe("a strange answer to the question for Discord's gateway", () => {
  // Seen red with every answer handed to discord.js, which takes a page's 401 for the token's refusal.
  it.each([200, 401, 403, 404])(
    "(%i) is a proxy's, not Discord's refusal, and nothing is lost by it",
    async (status) => {
      const { rig, proxy, failings, begin } = await setUp();
      proxy.order(GATEWAY, { of: "answer", bytes: page(status), act: "cut" });
      const running = begin();
      await eventually(() => expect(running.receiver.state()?.kind).toBe("connected"));
      rig.fake.say(ADA, "hello");
      await eventually(() => expect(running.receiver.texts()).toEqual(["hello"]));
      expect(failings(running)).toMatchObject([
        {
          reason: `${proxy.url} cannot be reached: the answer is not one of Discord (status ${status})`,
          remedy: expect.stringContaining("a proxy on the way"),
        },
      ]);
    },
  );

  it.each([302, 307])("(%i) sends the token to no other host", async (status) => {
    const { rig, proxy, failings, begin } = await setUp();
    const stranger = await createCuttingProxy(rig.fake.url);
    onTestFinished(stranger.close);
    const bytes = page(status, `location: ${stranger.url}/v10/gateway/bot\r\n`);
    proxy.order(GATEWAY, { of: "answer", bytes, act: "cut" });
    const running = begin();
    await eventually(() => expect(running.receiver.state()?.kind).toBe("connected"));
    expect(failings(running)).toMatchObject([
      {
        reason: expect.stringContaining(`a redirect to ${new URL(stranger.url).host}`),
        remedy: expect.stringContaining("api_root"),
      },
    ]);
    expect(stranger.lines()).toEqual([]);
  });

  it("with the refusal of the token, in Discord's own words, says so", async () => {
    const { rig, failings, begin } = await setUp();
    rig.fake.revoke(true);
    const running = begin();
    await eventually(() => expect(failings(running)).not.toEqual([]));
    expect(failings(running)).toMatchObject([{ reason: "the token is refused" }]);
  });
});
