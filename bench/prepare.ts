import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Event, outboundLane, printEvent } from "../src/events/event.ts";
import { eventFileName } from "../src/events/event-name.ts";
import { printMessage, printSession } from "../src/sessions/session-lines.ts";

/** Workspaces as they are after long use: files are written as the product would have left them. */

const OWNER_ONLY = { mode: 0o600 };
const idAt = (timeMs: number, n: number) => String(timeMs * 4096 + n).padStart(16, "0");

/** Answers that are owed, `each` to a chat; the chats' numbers begin with `firstChat`. */
export function writeOwed(
  root: string,
  { count, each, firstChat }: { count: number; each: number; firstChat: number },
): void {
  const folder = join(root, ".event", "pending");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const timestamp = Date.now() - 60_000;
  for (let n = 0; n < count; n += 1) {
    const address = { chat: String(firstChat + Math.floor(n / each)) };
    const event: Event = {
      ...{ type: "OutboundEvent", v: 1, id: idAt(timestamp, n), timestamp, kind: "reply" },
      ...{ key: `bench/${n}/reply`, lane: outboundLane("telegram", address) },
      ...{ channel: "telegram", address, content: "You asked, and here is the answer.", boot: "" },
    };
    writeFileSync(join(folder, eventFileName(event.id, event)), printEvent(event), OWNER_ONLY);
  }
}

/** Messages that were handled an hour ago. */
export function writeDone(root: string, count: number): void {
  const folder = join(root, ".event", "done");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const timestamp = Date.now() - 3_600_000;
  for (let n = 0; n < count; n += 1) {
    const chat = String(n % 100);
    const source = `platform-telegram:${chat}:${chat}`;
    const event: Event = {
      ...{ type: "InboundEvent", v: 1, id: idAt(timestamp, n), timestamp, lane: source, source },
      ...{ key: `bench/${n}`, channel: "telegram", address: { chat }, sender: { id: chat } },
      ...{ messageId: String(n), sentAt: timestamp, content: "hello" },
    };
    writeFileSync(join(folder, eventFileName(event.id, event)), printEvent(event), OWNER_ONLY);
  }
}

/** Conversations of Telegram chats with numbers from `firstChat` on, each with so many messages. */
export function writeSessions(
  root: string,
  { count, messages, firstChat }: { count: number; messages: number; firstChat: number },
): void {
  const folder = join(root, ".history", "sessions");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const createdAt = Date.now() - 86_400_000;
  let index = "";
  for (let n = 0; n < count; n += 1) {
    const chat = firstChat + n;
    const source = `platform-telegram:${chat}:${chat}`;
    const line = printSession({ id: `bench-${n}`, agentId: "pickle", source, createdAt });
    index += line;
    writeFileSync(
      join(folder, `bench-${n}.jsonl`),
      line + history(messages, createdAt),
      OWNER_ONLY,
    );
  }
  writeFileSync(join(root, ".history", "index.jsonl"), index, OWNER_ONLY);
}

function history(messages: number, timestamp: number): string {
  return Array.from({ length: messages }, (_, n) =>
    printMessage({
      ...{ role: n % 2 === 0 ? "user" : "assistant", turn: `bench/old/${n >> 1}`, timestamp },
      content: "It will stay fine until the evening, and then there may be a little rain.",
    }),
  ).join("");
}
