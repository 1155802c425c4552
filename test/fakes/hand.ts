import { discordConversation, type Platform, telegramConversation } from "../rig/conversation.ts";
import type { Rig } from "../rig/rig.ts";
import type { FakeCall, Fault } from "./fault.ts";

export const HELP = `Then, here:

  tg hello           person 1 writes to the bot on Telegram; dc: on Discord
  tg2 hello          person 2; the numbers over 40 are strangers
  say Good morning   what the model answers next
  slow 10            the model's next answer takes so many seconds
  fail 500           the model's next answer is this error
  tg! 429            the next message that is sent to Telegram meets this error; dc!: to Discord
`;

type RigParts = Pick<Rig, "telegram" | "discord" | "model">;

/** Reads what a person types: speaks as people, gives the model words, breaks things. Prints what the bot shows. */
export function createHand(rig: RigParts, print: (line: string) => void): (line: string) => void {
  watch(rig, print);
  return (line) => {
    const [, word = "", rest = ""] = /^\s*(\S+)\s*(.*)$/.exec(line) ?? [];
    if (word === "") return;
    if (!obey(rig, word, rest)) print(HELP);
  };
}

const NAMES: Readonly<Record<string, Platform>> = { tg: "telegram", dc: "discord" };
const SECOND_MS = 1_000;

function obey(rig: RigParts, word: string, rest: string): boolean {
  const [, name = "", number = "1"] = /^(tg|dc)(\d*)!?$/.exec(word) ?? [];
  const platform = NAMES[name];
  if (platform && word.endsWith("!")) breakNextSend(rig, platform, Number(rest));
  else if (platform) speak(rig, platform, Number(number || 1)).say(rest);
  else return instruct(rig, word, rest);
  return true;
}

const speak = ({ telegram, discord }: RigParts, platform: Platform, n: number) =>
  platform === "telegram" ? telegramConversation(telegram, n) : discordConversation(discord, n);

function instruct({ model }: RigParts, word: string, rest: string): boolean {
  const number = Number(rest);
  switch (word) {
    case "say":
      model.next({ kind: "text", text: rest });
      return true;
    case "slow":
      model.next({ kind: "slow", text: "That took a while.", until: number * SECOND_MS });
      return Number.isFinite(number);
    case "fail":
      model.next({ kind: "error", status: number || 500 });
      return true;
    default:
      return false;
  }
}

const SENDS = { telegram: /^send(Rich)?Message$/, discord: /^POST \/channels\/\d+\/messages$/ };

function breakNextSend(rig: RigParts, platform: Platform, code: number): void {
  const fault: Fault = code === 429 ? { code, retryAfter: 5 } : { code: code || 500 };
  rig[platform].fault(SENDS[platform], fault);
}

function watch({ telegram, discord, model }: RigParts, print: (line: string) => void): void {
  telegram.onRequest(SENDS.telegram, "posted", ({ body, result }) => {
    print(`[Telegram ${field(body, "chat_id")}] bot: ${textOf(result)}`);
  });
  telegram.onRequest("sendChatAction", "posted", ({ body }) => {
    print(`[Telegram ${field(body, "chat_id")}] typing…`);
  });
  discord.onRequest(SENDS.discord, "posted", ({ name, result }) => {
    print(`[Discord ${name.split("/")[2]}] bot: ${field(result, "content")}`);
  });
  discord.onRequest(/\/typing$/, "posted", ({ name }) => {
    print(`[Discord ${name.split("/")[2]}] typing…`);
  });
  model.onRequest = ({ text }) => print(`[model] asked: ${text}`);
}

const textOf = (result: FakeCall["result"]): string =>
  field(result, "text") || JSON.stringify(field(result, "rich_message"));

function field(object: unknown, name: string): string {
  if (typeof object !== "object" || object === null) return "";
  return String(Object.entries(object).find(([key]) => key === name)?.[1] ?? "");
}
