import { describe, expect, test } from "vitest";
import { eventually } from "../contracts/recording-receiver.ts";
import type { CallMatch } from "../fakes/fault.ts";
import { type Conversation, PLATFORMS, userId } from "../rig/conversation.ts";
import { REPEAT_LABEL } from "../rig/ledger.ts";
import { sharedRig, textsOf, waitCount, waitSettled, waitShown } from "../rig/test-rig.ts";

const OWNER = `telegram/${userId("telegram", 40)}`;
const rigOf = sharedRig({ config: { owner: OWNER } });

/** The requests that post into this chat. */
function sendsTo({ platform, user }: Conversation): CallMatch {
  if (platform === "discord") return `POST /channels/${rigOf().discord.dm(user)}/messages`;
  return ({ name, body }) =>
    name === "sendMessage" && JSON.stringify(body).includes(`"chat_id":${user}`);
}

/** When they arrived, UTC ms. */
function sendTimes(chat: Conversation): readonly number[] {
  const { telegram, discord } = rigOf();
  return chat.platform === "telegram"
    ? telegram
        .requests("sendMessage")
        .filter(({ body }) => String(body.chat_id) === chat.user)
        .map(({ at }) => at)
    : discord.requests(`POST /channels/${discord.dm(chat.user)}/messages`).map(({ at }) => at);
}

describe.each(PLATFORMS)("on %s", (platform) => {
  // peers #15, #38: within a second of when it is due, with no restart.
  test("429 delays a chat exactly as long as told, and no other one", async () => {
    const rig = rigOf();
    const [limited, free] = [rig.person(platform, 1), rig.person(platform, 2)];
    rig[platform].fault(sendsTo(limited), { code: 429, retryAfter: 3 });
    limited.say("patience");
    await eventually(() => expect(sendTimes(limited)).toHaveLength(1));
    free.say("now");
    await waitShown(free, "echo: now");
    expect(textsOf(limited)).toEqual([]);
    await waitShown(limited, "echo: patience");
    const [first = 0, second = 0, ...more] = sendTimes(limited);
    expect(more).toEqual([]);
    expect(second - first).toBeGreaterThanOrEqual(3_000);
    expect(second - first).toBeLessThan(4_000);
    expect(textsOf(limited)).toEqual(["echo: patience"]);
  });

  test("a server error is tried again, and never shown twice", async () => {
    const rig = rigOf();
    const chat = rig.person(platform, 3);
    rig[platform].fault(sendsTo(chat), { code: 502 });
    chat.say("stumble");
    chat.say("and on");
    const texts = await waitCount(chat, 2);
    // Nobody can know whether the first try arrived: Discord's history tells, on Telegram the label does.
    const told = platform === "telegram" ? `${REPEAT_LABEL}\necho: stumble` : "echo: stumble";
    expect(texts).toEqual([told, "echo: and on"]);
  });

  // weaknesses.md W-D6: a time-out was taken for a failure.
  test("an answer that is lost after the posting doubles nothing unlabelled", async () => {
    const rig = rigOf();
    const chat = rig.person(platform, 4);
    rig[platform].fault(sendsTo(chat), { deliverThenDrop: true });
    chat.say("echo me");
    chat.say("next");
    await waitShown(chat, "echo: next");
    const repeat = platform === "telegram" ? [`${REPEAT_LABEL}\necho: echo me`] : [];
    expect(textsOf(chat)).toEqual(["echo: echo me", ...repeat, "echo: next"]);
  });

  test("12,000 characters with code come in parts, in order, whole, each within the limit", async () => {
    const rig = rigOf();
    const chat = rig.person(platform, 5);
    const lines = Array.from({ length: 220 }, (_, n) => `const line${n} = "${"x".repeat(36)}";`);
    const code = ["```ts", ...lines, "```"].join("\n");
    rig.model.next({ kind: "text", text: `Before the code.\n\n${code}\n\nAfter the code.` });
    chat.say("long one");
    await waitShown(chat, /After the code/, 30_000);
    const texts = textsOf(chat);
    expect(texts.length).toBeGreaterThan(2);
    const limit = platform === "telegram" ? 4_096 : 2_000;
    for (const text of texts) expect(text.length).toBeLessThanOrEqual(limit);
    const numbers = [...texts.join("\n").matchAll(/line(\d+) =/g)].map((match) => Number(match[1]));
    expect(numbers).toEqual(lines.map((_, n) => n));
    expect(texts[0]).toContain("Before the code.");
    // Discord reads Markdown itself, so a fence that is opened in a part is closed in it.
    for (const text of texts) expect(text.split("```").length % 2).toBe(1);
  });

  // peers #8: a dead letter, a line for the owner, and the log; nothing is only given up.
  // weaknesses.md W-D2, W-D4, 3.6 #4.
  test("a person who has blocked the bot makes a dead letter, told once; retried, it arrives", async () => {
    const rig = rigOf();
    const { telegram, discord } = rig;
    const owner = rig.person("telegram", 40);
    const chat = rig.person(platform, 6);
    const block = (blocked: boolean) => {
      if (platform === "discord") discord.block(chat.user, blocked);
      else telegram.chat(Number(chat.user)).blocked = blocked;
    };
    const noticesBefore = textsOf(owner).length;
    block(true);
    chat.say("are you there?");
    await eventually(() => expect(textsOf(owner)).toHaveLength(noticesBefore + 1));
    expect(textsOf(owner).at(-1)).toContain(`${platform}, chat`);
    expect(sendTimes(chat)).toHaveLength(1);

    const status = await rig.command(["status"]);
    expect(status.code).not.toBe(0);
    expect(status.stdout).toContain("1 dead letter");
    const { stdout } = await rig.command(["outbox", "list", "--json"]);
    const [ref] = /\d{16}-[\w-]+/.exec(stdout) ?? [];
    expect(ref).toBeDefined();

    block(false);
    expect(await rig.command(["outbox", "retry", ref ?? ""])).toMatchObject({ code: 0 });
    await waitShown(chat, "echo: are you there?");
    await waitSettled(rig);
    expect((await rig.status()).events.failed).toBe(0);
    expect(textsOf(owner)).toHaveLength(noticesBefore + 1);
  });

  // peers #16.
  test("while a chat's sending fails again and again, others are served and its own order is kept", async () => {
    const rig = rigOf();
    const [broken, healthy] = [rig.person(platform, 7), rig.person(platform, 8)];
    rig[platform].fault(sendsTo(broken), { drop: true }, 2);
    broken.say("first");
    broken.say("second");
    await eventually(() => expect(sendTimes(broken).length).toBeGreaterThan(0));
    healthy.say("hello");
    await waitShown(healthy, "echo: hello");
    expect(textsOf(broken)).toEqual([]);
    const texts = await waitCount(broken, 2, 20_000);
    expect(texts.map((text) => text.replace(`${REPEAT_LABEL}\n`, ""))).toEqual([
      "echo: first",
      "echo: second",
    ]);
  });
});

describe("on Telegram", () => {
  test("Markdown becomes formatting", async () => {
    const rig = rigOf();
    const chat = rig.person("telegram", 10);
    rig.model.next({ kind: "text", text: "This is **bold** and `code`." });
    chat.say("format");
    await waitShown(chat, "This is bold and code.");
    const [message] = rig.telegram.replies(Number(chat.user));
    expect(message?.entities).toMatchObject([
      { type: "bold", offset: 8, length: 4 },
      { type: "code", offset: 17, length: 4 },
    ]);
  });

  test("formatting that Telegram refuses is shown as plain text, at once and once", async () => {
    const rig = rigOf();
    const chat = rig.person("telegram", 11);
    rig.model.next({ kind: "text", text: "This is **bold**." });
    rig.telegram.fault(({ body }) => JSON.stringify(body).includes('"entities"'), {
      code: 400,
      description: "Bad Request: can't parse entities: out of range",
    });
    chat.say("format");
    await waitShown(chat, "This is **bold**.");
    expect(sendTimes(chat)).toHaveLength(2);
  });

  test.each([
    "a _half italic and *half bold",
    "https://example.org/a_b_c?d=*e*",
    "<b>not html</b> & < > \" '",
    "👩‍👩‍👧 **bold after emoji** e\u0301",
    "\u202Eright to left\u202C שלום",
    "``` never closed",
  ])("hostile text is shown: %s", async (text) => {
    const rig = rigOf();
    const chat = rig.person("telegram", 12);
    const before = textsOf(chat).length;
    rig.model.next({ kind: "text", text });
    chat.say("say it");
    await waitCount(chat, before + 1);
  });
});
