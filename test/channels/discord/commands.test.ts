import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually, recordingReceiver } from "../../contracts/recording-receiver.ts";
import { ADA, BEN, createRig, type DiscordRig, startConnected } from "./rig.ts";

const COMMANDS = [
  { name: "help", description: "What I can do" },
  { name: "agent", description: "x".repeat(150) },
  { name: "Not A Name", description: "left out" },
];
const PUT = /^PUT \/applications\/\d+\/commands$/;

describe("the Discord channel's slash commands", () => {
  let rig: DiscordRig;

  beforeEach(async () => {
    rig = await createRig();
  });
  afterEach(() => rig.fake.close());

  it("are registered with one option, and only when others are registered", async () => {
    const first = await startConnected(rig, { receiver: recordingReceiver(COMMANDS) });
    await eventually(() => expect(rig.fake.commands()).toHaveLength(2));
    expect(rig.fake.commands()).toMatchObject([
      { name: "help", description: "What I can do", options: [{ name: "args", type: 3 }] },
      { name: "agent", description: "x".repeat(100) },
    ]);
    await first.stop();
    const second = await startConnected(rig, { receiver: recordingReceiver(COMMANDS) });
    await eventually(() => expect(rig.fake.requests(/^GET \/applications/)).toHaveLength(2));
    await second.stop();
    expect(rig.fake.requests(PUT)).toHaveLength(1);
  });

  it("that cannot be registered are said in the log, and nothing else", async () => {
    rig.fake.fault(/\/commands$/, { code: 502 });
    const { receiver } = await startConnected(rig, { receiver: recordingReceiver(COMMANDS) });
    await eventually(() =>
      expect(rig.log.map(({ message }) => message)).toContain("cannot register the slash commands"),
    );
    rig.fake.say(ADA, "hi");
    await eventually(() => expect(receiver.texts()).toEqual(["hi"]));
  });

  it("come as a message, durable before the person is told", async () => {
    const receiver = recordingReceiver();
    const release = receiver.hold();
    await startConnected(rig, { receiver });
    const used = rig.fake.slash(ADA, "agent", { args: "cookie" });
    await eventually(() => expect(receiver.offered()).toHaveLength(1));
    expect(used.answers).toEqual([]);
    release();
    await eventually(() =>
      expect(used.shown).toEqual({ content: "✓ /agent cookie", ephemeral: true }),
    );
    expect(receiver.accepted()).toMatchObject([
      {
        key: `discord/${rig.fake.botId}/interaction/${used.id}`,
        text: "/agent cookie",
        chat: { id: rig.fake.dm(ADA), kind: "private" },
        sender: { id: ADA },
        addressed: true,
      },
    ]);
    expect(Math.abs((receiver.accepted()[0]?.sentAt ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  it("in a group address the bot", async () => {
    const { receiver } = await startConnected(rig);
    rig.fake.slash(BEN, "help", { channel: rig.fake.generalId });
    await eventually(() => expect(receiver.texts()).toEqual(["/help"]));
    expect(receiver.accepted()).toMatchObject([
      { chat: { id: rig.fake.generalId, kind: "group" }, sender: { id: BEN }, addressed: true },
    ]);
  });

  it("that could not be made durable are said to be so", async () => {
    const receiver = recordingReceiver();
    receiver.refuse(1);
    await startConnected(rig, { receiver });
    const used = rig.fake.slash(ADA, "clear");
    await eventually(() => expect(used.shown?.content).toContain("Please try again"));
    expect(receiver.accepted()).toEqual([]);
  });

  it("that cannot be acknowledged are taken nevertheless", async () => {
    rig.fake.fault(/callback$/, { code: 404, description: "10062 Unknown interaction" });
    const { receiver } = await startConnected(rig);
    rig.fake.slash(ADA, "help");
    await eventually(() => expect(receiver.texts()).toEqual(["/help"]));
    await eventually(() =>
      expect(rig.log.map(({ message }) => message)).toContain("cannot acknowledge a slash command"),
    );
  });
});
