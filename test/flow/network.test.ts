import { describe, expect, onTestFinished, test } from "vitest";
import { PLATFORMS, type Platform } from "../rig/conversation.ts";
import { REPEAT_LABEL } from "../rig/ledger.ts";
import { testRig, textsOf, waitSettled, waitShown } from "../rig/test-rig.ts";
import { createCuttingProxy, type Order } from "../support/cutting-proxy.ts";

const SEND_LINE: Readonly<Record<Platform, RegExp>> = {
  telegram: /^POST \S+\/sendMessage /,
  discord: /^POST \S+\/channels\/\d+\/messages /,
};

/** A page of somebody on the way, who does not ask the platform. */
const answer = (status: string, header = ""): Order => ({
  of: "answer",
  bytes: `HTTP/1.1 ${status}\r\nconnection: close\r\n${header}content-length: 4\r\n\r\nhtml`,
  act: "cut",
});

/** What is done to the first send of each answer, and whether the platform shows it all the same. */
const HARM: readonly (readonly [question: string, order: Order, isPosted: boolean])[] = [
  ["one", { of: "request", place: "in the headers", act: "reset" }, false],
  ["two", { of: "request", place: "all but one byte", act: "cut" }, false],
  ["three", { of: "response", place: "before", act: "reset" }, true],
  ["four", { of: "response", place: "half of the body", act: "cut" }, true],
  ["five", { of: "next" }, true],
  ["six", { of: "response", place: "in the first line", act: "cut" }, true],
  ["seven", answer("403 No"), false],
  ["eight", answer("200 OK"), false],
  ["nine", answer("307 Go", "location: http://127.0.0.1:9/\r\n"), false],
];

describe.each(PLATFORMS)("the real server on %s, behind a proxy that does harm", (platform) => {
  // Seen red with every 2xx as "sent" ("eight" is lost), and on Discord without the look into the history.
  test("answers everything once, in order, or on Telegram once more and labelled", async () => {
    const proxy = await createCuttingProxy();
    onTestFinished(proxy.close);
    const path = platform === "discord" ? "/api" : "";
    const rig = await testRig({
      channels: [platform],
      config: { channels: { [platform]: { api_root: `${proxy.url}${path}` } } },
    });
    proxy.forwardTo(rig[platform].url);
    await rig.start();
    const chat = rig.person(platform, 1);
    for (const [question, order] of HARM) {
      proxy.order(SEND_LINE[platform], order);
      chat.say(question);
      await waitShown(chat, new RegExp(`echo: ${question}$`), 30_000);
      await waitSettled(rig, 30_000);
    }
    const texts = textsOf(chat);
    if (platform === "discord") {
      expect(texts).toEqual(HARM.map(([question]) => `echo: ${question}`));
      return;
    }
    const labelled = texts.filter((text) => text.startsWith(REPEAT_LABEL));
    const plain = texts.map((text) => text.replace(`${REPEAT_LABEL}\n`, ""));
    expect(plain.filter((text, index) => text !== plain[index - 1])).toEqual(
      HARM.map(([question]) => `echo: ${question}`),
    );
    // Nothing twice without the label, and no label where nothing was in doubt.
    const extras = texts.length - HARM.length;
    expect(labelled.length).toBeGreaterThanOrEqual(extras);
    expect(extras).toBeLessThanOrEqual(HARM.filter(([, , isPosted]) => isPosted).length);
    for (const question of ["seven", "nine"]) expect(texts).toContain(`echo: ${question}`);
    const status = await rig.status();
    expect(status.events.failed).toBe(0);
  });
});
