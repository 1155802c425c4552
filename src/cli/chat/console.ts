import {
  clearScreenDown,
  createInterface,
  cursorTo,
  type Interface,
  moveCursor,
} from "node:readline";
import { errorMessage, UserError } from "../../runtime/errors.ts";
import { plainText } from "../../runtime/plain-text.ts";
import type { Chat } from "../../server/control/chat.ts";
import { aborted } from "../../server/worker.ts";
import { isColourful, showMarkdown } from "../output.ts";
import type { Face } from "./face.ts";
import { isQuitWord } from "./quit-words.ts";

const PROMPT = "You: ";
/** Platforms let it fade, and so does this; a turn shows it again every 4 s. */
const TYPING_FADES_MS = 6_000;

/** A person at a terminal: what is shown goes above the line that is being written. */
export function openConsole(): Face {
  const screen = createScreen();
  return {
    kind: "interactive",
    clientFor: (agent) => ({
      kind: "interactive",
      show: async (text) => screen.write(`${await said(agent, text)}\n`),
      typing: () => screen.typing(agent),
    }),
    announce: (line) => tell(screen, plainText(line)),
    converse: (chat, signal) => converse(screen, chat, signal),
  };
}

async function converse(screen: Screen, chat: Chat, signal: AbortSignal): Promise<void> {
  const lines = createInterface({ input: process.stdin, output: process.stdout, prompt: PROMPT });
  screen.use(lines);
  const quit = readLines(lines, { chat, screen });
  const lost = chat.lost.then(() => "lost" as const);
  const end = await Promise.race([quit, lost, aborted(signal)]);
  screen.use(undefined);
  lines.close();
  if (end === "quit") await screen.write("\nGoodbye!");
  if (end === "lost") {
    throw new UserError(
      "The server has stopped. What you wrote is kept; its answers are shown when you chat again",
    );
  }
}

/** What has more than one line begins on a line of its own, so that nothing in it is moved. */
async function said(agent: string, markdown: string): Promise<string> {
  const text = await showMarkdown(markdown);
  return `${name(agent)}:${text.includes("\n") ? "\n" : " "}${text}`;
}

const name = (agent: string) =>
  isColourful(process.stdout) ? `\u001b[1m${agent}\u001b[0m` : agent;

function tell(screen: Screen, text: string): void {
  screen.write(text).catch(() => {
    // The terminal is gone. That ends the conversation, which is what says so.
  });
}

function readLines(
  lines: Interface,
  { chat, screen }: { chat: Chat; screen: Screen },
): Promise<"quit"> {
  return new Promise((resolve) => {
    lines.on("line", (line) => {
      const text = line.trim();
      if (isQuitWord(text)) return resolve("quit");
      if (text !== "") {
        chat.say(text).catch((error) => tell(screen, `Not sent: ${errorMessage(error)}`));
      }
      lines.prompt();
    });
    // Ctrl-C, and Ctrl-D or a terminal that is gone.
    lines.on("SIGINT", () => resolve("quit"));
    lines.on("close", () => resolve("quit"));
    lines.prompt();
  });
}

interface Screen {
  /** The line that is being written, from now on. */
  use(lines: Interface | undefined): void;
  /** Resolves when the terminal has it. */
  write(text: string): Promise<void>;
  typing(agent: string): void;
}

function createScreen(): Screen {
  let lines: Interface | undefined;
  let fading: NodeJS.Timeout | undefined;
  const prompt = (text: string) => {
    clearTimeout(fading);
    lines?.setPrompt(text);
  };
  return {
    use(next) {
      prompt(PROMPT);
      lines = next;
    },
    write(text) {
      const rows = lines ? eraseInput(lines) : 0;
      prompt(PROMPT);
      return new Promise((resolve, reject) => {
        // The line editor goes up again by as many rows as its text had.
        process.stdout.write(`${text}\n${"\n".repeat(rows)}`, (error) =>
          error ? reject(error) : resolve(),
        );
        lines?.prompt(true);
      });
    },
    typing(agent) {
      if (!lines) return;
      prompt(`(${agent} is typing …) ${PROMPT}`);
      lines.prompt(true);
      fading = setTimeout(() => {
        prompt(PROMPT);
        lines?.prompt(true);
      }, TYPING_FADES_MS);
    },
  };
}

/** Takes the unfinished line off the screen; tells how many rows it had above the cursor. */
function eraseInput(lines: Interface): number {
  const { rows } = lines.getCursorPos();
  moveCursor(process.stdout, 0, -rows);
  cursorTo(process.stdout, 0);
  clearScreenDown(process.stdout);
  return rows;
}
