import { createInterface, type Interface } from "node:readline";
import { UserError } from "../../runtime/errors.ts";
import { plainJson } from "../../runtime/plain-text.ts";
import type { Chat } from "../../server/control/chat.ts";
import { aborted } from "../../server/worker.ts";
import { printError, showMarkdown } from "../output.ts";
import type { Face } from "./face.ts";
import { isQuitWord } from "./quit-words.ts";

/**
 * Standard output is for the replies alone: it may be the next program's input, which gets them as they are, or, with
 * `json`, each as one line `{"agent":…,"text":…}`. A terminal gets nothing that could steer it.
 */
export const createPipedFace = ({ json }: { readonly json: boolean }): Face => ({
  kind: "piped",
  clientFor: (agent) => ({
    kind: "piped",
    show: async (text) => writeLine(json ? plainJson({ agent, text }) : await readable(text)),
  }),
  announce: printError,
  converse: conversePiped,
});

const readable = async (text: string) =>
  process.stdout.isTTY === true ? showMarkdown(text) : text;

const writeLine = (line: string) =>
  new Promise<void>((resolve, reject) => {
    process.stdout.write(`${line}\n`, (error) => (error ? reject(error) : resolve()));
  });

/**
 * Says each line of standard input that is not empty, the next one when everything is answered, so that the replies
 * come in the order of the lines. Resolves after the last one, or when nobody reads the replies any more. Rejects with
 * a UserError if the server stops before that.
 */
async function conversePiped(chat: Chat, signal: AbortSignal): Promise<void> {
  const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
  const answered = sayAll(lines, chat).then(() => "answered" as const);
  const unread = new Promise<"unread">((resolve) => {
    process.stdout.once("close", () => resolve("unread"));
  });
  const stopped = Promise.race([chat.lost, aborted(signal)]).then(() => "stopped" as const);
  try {
    if ((await Promise.race([stopped, unread, answered])) !== "stopped") return;
    throw new UserError(
      "The server stopped before everything was answered; what it was told, it keeps",
    );
  } finally {
    lines.close();
  }
}

async function sayAll(lines: Interface, chat: Chat): Promise<void> {
  for await (const line of lines) {
    if (isQuitWord(line)) return;
    if (line.trim() === "") continue;
    await chat.say(line);
    await chat.settled();
  }
}
