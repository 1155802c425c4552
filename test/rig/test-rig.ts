import { afterAll, beforeAll, onTestFailed, onTestFinished } from "vitest";
import { eventually } from "../contracts/recording-receiver.ts";
import type { Conversation, Shown } from "./conversation.ts";
import { createRig, type Rig, type RigOptions } from "./rig.ts";

/** A rig for one test: it is gone after it. If the test fails, the server's last words are printed. */
export async function testRig(options?: RigOptions): Promise<Rig> {
  const rig = await createRig(options);
  onTestFinished(() => rig.close());
  tellOnFailure(rig);
  return rig;
}

/** The same with a running server. */
export async function runningRig(options?: RigOptions): Promise<Rig> {
  const rig = await testRig(options);
  await rig.start();
  return rig;
}

/** One running rig for all tests of a file or a `describe`; each test speaks as people of its own. */
export function sharedRig(options?: RigOptions): () => Rig {
  let rig: Rig | undefined;
  beforeAll(async () => {
    rig = await createRig(options);
    await rig.start();
  }, 60_000);
  afterAll(() => rig?.close());
  return () => {
    if (!rig) throw new Error("Cannot use the rig before the tests run");
    tellOnFailure(rig);
    return rig;
  };
}

function tellOnFailure(rig: Rig): void {
  onTestFailed(() => {
    if (rig.server.lives() === 0) return;
    process.stderr.write(`\n── the server's output ──\n${rig.server.story()}\n`);
  });
}

/** Waits until the chat shows a text; resolves with it. */
export async function waitShown(
  chat: Conversation,
  wanted: string | RegExp,
  deadlineMs = 15_000,
): Promise<Shown> {
  const fits = ({ text }: Shown) =>
    typeof wanted === "string" ? text === wanted : wanted.test(text);
  let found: Shown | undefined;
  await eventually(() => {
    found = chat.shown().find(fits);
    if (!found) {
      const texts = chat.shown().map(({ text }) => text.slice(0, 200));
      throw new Error(`${chat.name} does not show ${wanted}, but ${JSON.stringify(texts)}`);
    }
  }, deadlineMs);
  if (!found) throw new Error("unreachable");
  return found;
}

/** Waits until the chat shows so many texts; resolves with all. */
export async function waitCount(
  chat: Conversation,
  count: number,
  deadlineMs = 15_000,
): Promise<readonly string[]> {
  await eventually(() => {
    const texts = textsOf(chat);
    if (texts.length < count) throw new Error(`${chat.name} shows only ${JSON.stringify(texts)}`);
  }, deadlineMs);
  return textsOf(chat);
}

export const textsOf = (chat: Conversation): readonly string[] =>
  chat.shown().map(({ text }) => text);

/** Texts without their labels; of a labelled one that was shown before, nothing is left. */
export function withoutRepeats(texts: readonly string[]): readonly string[] {
  const shown: string[] = [];
  for (const text of texts) {
    const plain = text.replace(/^\(may be a repeat\)\n/, "");
    if (plain === text || !shown.includes(plain)) shown.push(plain);
  }
  return shown;
}

/** Waits until nothing is owed any more: no message an answer, no reply its delivery. */
export async function waitSettled(rig: Rig, deadlineMs = 15_000): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const { events } = await rig.status();
    if (events.inbox === 0 && events.pending === 0) return;
    if (Date.now() > deadline) throw new Error(`Still owed: ${JSON.stringify(events)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
