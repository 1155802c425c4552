import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "../../contracts/recording-receiver.ts";
import { ADA, createRig, type DiscordRig, start, startConnected } from "./rig.ts";

describe("the Discord channel's connection", () => {
  let rig: DiscordRig;

  beforeEach(async () => {
    rig = await createRig();
  });
  afterEach(() => rig.fake.close());

  it("names the switch that is off in the developer portal, and connects when it is on", async () => {
    rig.fake.setMessageContent(false);
    const { receiver } = start(rig);
    await eventually(() => expect(receiver.state()?.kind).toBe("failing"));
    expect(receiver.state()).toMatchObject({
      reason: expect.stringContaining("Message Content Intent"),
      remedy: expect.stringContaining("discord.com/developers"),
    });
    rig.fake.setMessageContent(true);
    await eventually(() => expect(receiver.state()?.kind).toBe("connected"));
  });

  it("says that the token is refused, and what to do", async () => {
    rig.fake.revoke(true);
    const { receiver } = start(rig);
    await eventually(() => expect(receiver.state()?.kind).toBe("failing"));
    expect(receiver.state()).toMatchObject({
      reason: "the token is refused",
      remedy: expect.stringContaining("Reset Token"),
    });
  });

  it("connects anew after a 401 in mid-life, and misses nothing", async () => {
    const { fake } = rig;
    const { receiver, channel } = await startConnected(rig);
    fake.fault(/typing$/, { code: 401 });
    const { signal } = new AbortController();
    await expect(channel.typing?.({ chat: fake.dm(ADA) }, signal)).rejects.toThrow();
    await eventually(() => expect(receiver.state()?.kind).toBe("failing"));
    fake.say(ADA, "meanwhile");
    await eventually(() => expect(receiver.state()?.kind).toBe("connected"));
    await eventually(() => expect(receiver.texts()).toEqual(["meanwhile"]));
    expect(fake.gateway.identifies()).toBe(2);
  });

  it("reports a token that is revoked in mid-life, and a new connection once it is valid", async () => {
    const { receiver } = await startConnected(rig);
    rig.fake.revoke(true);
    await eventually(() =>
      expect(receiver.state()).toMatchObject({ reason: "the token is refused" }),
    );
    rig.fake.revoke(false);
    await eventually(() => expect(receiver.state()?.kind).toBe("connected"));
  });

  it("does not report an interruption as Discord makes every few hours", async () => {
    const { receiver } = await startConnected(rig);
    rig.fake.gateway.askToReconnect();
    await eventually(() => expect(rig.fake.gateway.resumes()).toBe(1));
    rig.fake.say(ADA, "after");
    await eventually(() => expect(receiver.texts()).toEqual(["after"]));
    expect(receiver.states().map(({ kind }) => kind)).not.toContain("failing");
  });

  it("tries less and less often while the gateway is away", async () => {
    const { fake } = rig;
    let upgrades = 0;
    const { receiver } = await startConnected(rig);
    fake.gateway.onUpgrade(() => {
      upgrades += 1;
    });
    fake.gateway.admit(false);
    await eventually(() => expect(receiver.state()?.kind).toBe("failing"));
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect(upgrades).toBeLessThanOrEqual(4);
    fake.gateway.admit(true);
    await eventually(() => expect(receiver.state()?.kind).toBe("connected"), 12_000);
  });

  describe("when it is told to stop", () => {
    /** The library's own timers are half a second long: whatever would come back has come back by then. */
    const nothingComesBack = async () => {
      await eventually(() => expect(rig.fake.openConnections()).toBe(0));
      const { length } = rig.fake.requests();
      const identifies = rig.fake.gateway.identifies();
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      expect(rig.fake.openConnections()).toBe(0);
      expect(rig.fake.requests()).toHaveLength(length);
      expect(rig.fake.gateway.identifies()).toBe(identifies);
    };

    it("leaves nothing behind while connected", async () => {
      const { stop } = await startConnected(rig);
      await stop();
      await nothingComesBack();
    });

    it("leaves nothing behind in the pause before a reconnection", async () => {
      const { stop } = await startConnected(rig);
      rig.fake.gateway.kill();
      await eventually(() => expect(rig.fake.gateway.connections()).toBe(0));
      await stop();
      await nothingComesBack();
    });

    it("does not wait for a host that says nothing, and lets go of it as soon as it speaks", async () => {
      rig.fake.gateway.silence(true);
      const { stop } = start(rig);
      await eventually(() => expect(rig.fake.gateway.connections()).toBe(1));
      await stop();
      rig.fake.gateway.silence(false);
      await nothingComesBack();
    });

    it("survives that a connection fails afterwards that was being opened", async () => {
      let asked = false;
      rig.fake.gateway.hold(true);
      rig.fake.gateway.onUpgrade(() => {
        asked = true;
      });
      const { stop } = start(rig);
      await eventually(() => expect(asked).toBe(true));
      await stop();
      rig.fake.gateway.hold(false);
      await nothingComesBack();
    });

    it("leaves nothing behind while it logs in", async () => {
      rig.fake.fault("GET /gateway/bot", { delayMs: 300 });
      const { stop } = start(rig);
      await eventually(() => expect(rig.fake.requests("GET /gateway/bot")).toHaveLength(1));
      await stop();
      await nothingComesBack();
    });

    it("leaves nothing behind while the gateway is away", async () => {
      const { receiver, stop } = await startConnected(rig);
      await rig.fake.stop();
      await eventually(() => expect(receiver.state()?.kind).toBe("failing"));
      await stop();
      await rig.fake.start();
      await nothingComesBack();
    });

    it("reports nothing any more", async () => {
      const { receiver, stop } = await startConnected(rig);
      const { length } = receiver.states();
      await stop();
      expect(receiver.states()).toHaveLength(length);
    });
  });
});
