import { describe, expect, test } from "vitest";
import { eventually } from "../contracts/recording-receiver.ts";
import type { Fault } from "../fakes/fault.ts";
import { PLATFORMS, type Platform } from "../rig/conversation.ts";
import { createLedger, REPEAT_LABEL } from "../rig/ledger.ts";
import { createRandom } from "../rig/random.ts";
import { answered } from "../rig/run-kill.ts";
import { sharedRig, textsOf, waitCount, waitSettled, waitShown } from "../rig/test-rig.ts";

interface FailureClass {
  readonly name: string;
  readonly fault: Readonly<Record<Platform, Fault>>;
  /** What the chat shows. On Discord the history tells what arrived: never twice, and never a label. */
  readonly onTelegram: readonly string[];
}

const ANSWER = "echo: hello";
const LABELLED = `${REPEAT_LABEL}\n${ANSWER}`;
const both = (fault: Fault) => ({ telegram: fault, discord: fault });

/** One for each class of "how a send can fail", as a client sees it. */
const CLASSES: readonly FailureClass[] = [
  {
    name: "refused for its form",
    fault: {
      telegram: { code: 400, description: "Bad Request: strange" },
      discord: { code: 400, description: "40000 Strange" },
    },
    onTelegram: [ANSWER],
  },
  {
    name: "refused for now",
    fault: both({ code: 409, description: "Later" }),
    onTelegram: [ANSWER],
  },
  { name: "429", fault: both({ code: 429, retryAfter: 1 }), onTelegram: [ANSWER] },
  { name: "500", fault: both({ code: 500 }), onTelegram: [LABELLED] },
  { name: "502, a page", fault: both({ html: true, code: 502 }), onTelegram: [LABELLED] },
  { name: "cut, not posted", fault: both({ drop: true }), onTelegram: [LABELLED] },
  { name: "posted, cut", fault: both({ deliverThenDrop: true }), onTelegram: [ANSWER, LABELLED] },
];

describe.each(PLATFORMS)("on %s", (platform) => {
  const rigOf = sharedRig({
    channels: [platform],
    ...(platform === "telegram"
      ? { config: { channels: { telegram: { rate: { per_second: 0, chat_per_second: 0 } } } } }
      : {}),
  });

  // peers #1, #2, #11, #20. Red when a 429 is taken for the end of it.
  test("an answer arrives within 10 s whatever its first send met, with a label only where nobody can know", {
    timeout: 40_000,
  }, async () => {
    const rig = rigOf();
    const chats = CLASSES.map((failure, index) => ({
      ...failure,
      chat: rig.person(platform, index + 1),
    }));
    for (const { chat, fault } of chats) rig[platform].fault(chat.sends, fault[platform]);
    for (const { chat } of chats) chat.say("hello");
    await Promise.all(chats.map(({ chat }) => waitShown(chat, /echo: hello$/, 10_000)));
    await waitSettled(rig);
    const shown = chats.map(({ name, chat }) => [name, textsOf(chat)]);
    const wanted = chats.map(({ name, onTelegram }) => [
      name,
      platform === "telegram" ? onTelegram : [ANSWER],
    ]);
    expect(shown).toEqual(wanted);
    expect(rig.model.requests).toHaveLength(CLASSES.length);
    expect((await rig.status()).events.failed).toBe(0);
  });

  // peers #22. Red when a retry begins at the first part.
  test("a middle part that fails once comes again by itself, in its place", async () => {
    const rig = rigOf();
    const chat = rig.person(platform, 20);
    const ledger = createLedger(rig.model);
    let sends = 0;
    const unwatch = chat.onSend("arrived", () => {
      sends += 1;
      if (sends === 2) rig[platform].fault(chat.sends, { drop: true });
    });
    await answered({ ledger, chat }, ledger.ask(chat, { parts: 3 }));
    unwatch();
    rig.model.answer(() => undefined);
    expect(ledger.judge()).toEqual({ lost: [], outOfOrder: [], strange: [], repeats: [] });
    const labelled = ledger.shown(chat).map((part) => part.labelled);
    expect(labelled).toEqual([false, platform === "telegram", false]);
    expect(sends).toBe(4);
  });

  // peers #23, #24. Red on Telegram with a lane for each answer; on Discord the client holds the line as well.
  test("answers come in the order of their questions, however long each send takes", {
    timeout: 30_000,
  }, async () => {
    const rig = rigOf();
    const chat = rig.person(platform, 21);
    const random = createRandom(24);
    const texts = Array.from({ length: 10 }, (_, n) => `question ${n}`);
    for (const _ of texts) rig[platform].fault(chat.sends, { delayMs: Math.floor(random() * 400) });
    for (const text of texts) chat.say(text);
    await eventually(() => expect(rig.model.requests.at(-1)?.text).toBe("question 9"), 20_000);
    expect(await waitCount(chat, texts.length)).toEqual(texts.map((text) => `echo: ${text}`));
  });
});
