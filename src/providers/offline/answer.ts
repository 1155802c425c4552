import { calculate } from "./arithmetic.ts";
import { answerNotes } from "./notes.ts";

/** What the offline model goes by. Its answer depends on nothing else. */
export interface Situation {
  /** What the person wrote in this session, oldest first; the last one is to be answered. */
  readonly messages: readonly string[];
  readonly now: Date;
}

type Rule = (text: string, situation: Situation) => string | undefined;

/** The first rule that has an answer gives it. */
const RULES: readonly Rule[] = [
  answerGreeting,
  answerHelp,
  answerTime,
  (text, { messages }) => answerNotes(text, messages.slice(0, -1).map(ownWords)),
  answerEcho,
  answerSum,
];

export function answer(situation: Situation): string {
  const text = ownWords(situation.messages.at(-1) ?? "");
  for (const rule of RULES) {
    const found = rule(text, situation);
    if (found !== undefined) return found;
  }
  return `You said: ${text}\n\nI am the built-in offline model and no language model is configured, so I cannot say more to that. Say "help" to see what I can do and how to add one.`;
}

/** Without the quote of a replied-to message, which is one line above the person's own words. */
const ownWords = (message: string) =>
  message
    .trim()
    .replace(/^> [^\n]*\n+/, "")
    .trim();

const GREETING =
  /^(?:hi|hello|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening))(?:\s+(?:there|bot|again|everyone|you))?[\s.!,]*$/i;

function answerGreeting(text: string): string | undefined {
  return GREETING.test(text)
    ? 'Hello! I am the built-in offline model. Say "help" to see what I can do.'
    : undefined;
}

const HELP_REQUEST =
  /^(?:help(?: me)?|\?+|what can you do|what do you do|who are you|how (?:do|can) i (?:configure|add|set up|connect|use) (?:a|an|the|my|another)?\s*(?:real )?(?:language )?(?:model|llm|ai))\s*[?.!]*$/i;

const HELP = `I am the built-in offline model. I need no key and no network, and I can
- tell the time: "what time is it?"
- calculate: "12 * (3 + 4)"
- repeat: "echo hello"
- keep notes in this conversation: "remember that my cat is called Tom", "notes", "forget everything"

/help lists the commands.

For a real model, put these lines into config.user.yaml in the workspace; they count at the next message. A service with a key (openai, anthropic or google):
\`\`\`yaml
llm:
  provider: openai
  model: gpt-5-mini
  api_key: \${LLM_API_KEY}
\`\`\`
with LLM_API_KEY=… in the file .env beside it. Or a server of your own (Ollama, vLLM, llama.cpp, …):
\`\`\`yaml
llm:
  provider: openai-compatible
  model: qwen3:8b
  api_base: http://127.0.0.1:11434/v1
\`\`\``;

function answerHelp(text: string): string | undefined {
  return HELP_REQUEST.test(text) ? HELP : undefined;
}

const TIME_REQUEST =
  /^(?:time|date|today|now|(?:what(?:'s|’s| is)|tell me|do you know)\s+(?:the\s+|today(?:'s|’s)\s+)?(?:current\s+)?(?:time|date|day)(?:\s+and\s+(?:the\s+)?(?:time|date))?(?:\s+(?:is it|it is|now|today))*|(?:what|which)\s+(?:time|date|day)(?:\s+of the week)?\s+is\s+(?:it|today)(?:\s+(?:now|today))?)\s*[?.!]*$/i;

/** In the local time zone of the process. */
function answerTime(text: string, { now }: Situation): string | undefined {
  if (!TIME_REQUEST.test(text)) return undefined;
  const time = now.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  const date = now.toLocaleDateString("en-GB", {
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
  });
  return `It is ${time} on ${date} (${Intl.DateTimeFormat().resolvedOptions().timeZone}).`;
}

function answerEcho(text: string): string | undefined {
  return /^(?:echo|say|repeat(?:\s+after\s+me)?)[:\s]\s*(\S[\s\S]*)$/i.exec(text)?.[1];
}

const QUESTION =
  /^(?:what(?:'s|’s|\s+is)|how\s+much\s+is|calculate|compute|work\s+out|solve)\b\s*/i;
const SPOKEN: readonly (readonly [RegExp, string])[] = [
  [/(?<=\d),(?=\d{3}\b)/g, ""],
  [/\s+(?:times|multiplied by|x)\s+|[×·]/gi, " * "],
  [/\s+divided by\s+|÷/gi, " / "],
  [/\s+plus\s+/gi, " + "],
  [/\s+minus\s+|[−–]/gi, " - "],
];
/** 2026-11-21, 21.11.2026, 555-123-4567: written with the signs of a sum, but none. */
const DATE_OR_NUMBER = /^\+?\d+(?:([-./])\d+(?:\1\d+)+)?$/;

/** Spoken words and all; `calculate` has a limit of its own. */
const LONGEST_SUM = 500;

function answerSum(text: string): string | undefined {
  if (text.length > LONGEST_SUM) return undefined;
  const asked = text.replace(QUESTION, "").replace(/[\s?=.!]+$/, "");
  if (DATE_OR_NUMBER.test(asked)) return undefined;
  const sum = calculate(SPOKEN.reduce((said, [word, sign]) => said.replace(word, sign), asked));
  if (sum === undefined) return undefined;
  return sum.kind === "value" ? `${asked} = ${sum.value}` : `${asked} ${sum.reason}.`;
}
