import { mkdir, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { outboundLane, printEvent } from "../../src/events/event.ts";
import { eventFileName } from "../../src/events/event-name.ts";
import { newOutbound } from "../builders/new-event.ts";
import type { Rig } from "../rig/rig.ts";
import { testRig, waitShown } from "../rig/test-rig.ts";

const OWED = 5000;

async function owe({ workspace, telegram }: Rig): Promise<void> {
  const folder = workspace.path(".event", "pending");
  await mkdir(folder, { recursive: true });
  const timestamp = Date.now() - 3_600_000;
  for (let n = 0; n < OWED; n += 1) {
    telegram.chat(500_000 + n);
    const address = { chat: String(500_000 + n) };
    const id = String(timestamp * 4096 + n);
    const lane = outboundLane("telegram", address);
    const event = { ...newOutbound(`old ${n}`, { address, lane }), v: 1 as const, id, timestamp };
    await writeFile(`${folder}/${eventFileName(id, event)}`, printEvent(event));
  }
}

// weaknesses.md W-O4, W-D7, 3.6 #7: none of it has a session, and none is asked for.
// At 30 messages a second the backlog takes three minutes. Red without turns for the young, or an end to the bot's line.
test("a server with a long backlog answers who speaks now, and sends the backlog meanwhile", {
  timeout: 90_000,
}, async () => {
  const rig = await testRig({ channels: ["telegram"] });
  await owe(rig);
  const sent: number[] = [];
  rig.telegram.onRequest(
    ({ name }) => /^send(Rich)?Message$/.test(name),
    "arrived",
    ({ body }) => {
      if (typeof body === "object" && body !== null && "chat_id" in body)
        sent.push(Number(body.chat_id));
    },
  );
  await rig.start();
  const chat = rig.person("telegram", 1);
  chat.say("hello");
  await waitShown(chat, "echo: hello", 30_000);
  expect(sent.length).toBeLessThan(1000);
  const old = sent.filter((id) => id >= 500_000);
  expect(old.length).toBeGreaterThan(0);
  expect(await rig.status()).toMatchObject({ problems: [] });
});
