import type { FakeModel, ModelRequest } from "../fakes/model.ts";
import type { Conversation, Platform } from "./conversation.ts";

/** A question that a person asks, and the answer that the fake model gives. */
export interface Question {
  /** "q1001n2", the second one of person 1001: the same word is in the question and in each part of its answer. */
  readonly id: string;
  /** Platform messages that the answer fills. */
  readonly parts: number;
}

export interface Asked {
  readonly chat: Conversation;
  readonly questions: Question[];
}

/** Writes down what was asked, makes the model answer it, and compares with what was shown. */
export interface Ledger {
  /** Says it in the chat. `parts`: how many platform messages the answer takes. */
  ask(chat: Conversation, parts?: number): Question;
  judge(): Verdict;
  /** Model calls for a question so far. */
  modelCalls(question: Question): number;
  /** Parts of a question's answer that are shown now, in order: "q1001n2.1/3". */
  shown(chat: Conversation): readonly Part[];
}

/** A part of an answer as it is shown. */
export interface Part {
  /** "q1001n2.1/3" */
  readonly name: string;
  readonly at: number;
  readonly labelled: boolean;
}

export interface Repeat {
  readonly chat: string;
  readonly platform: Platform;
  readonly part: string;
  readonly labelled: boolean;
  /** When it was shown before, and now. */
  readonly from: number;
  readonly at: number;
}

export interface Verdict {
  /** Parts that are nowhere. */
  readonly lost: readonly string[];
  /** Parts that came after one that should have followed them. */
  readonly outOfOrder: readonly string[];
  /** Parts that were shown once more, each time. */
  readonly repeats: readonly Repeat[];
  /** Anything else that the bot said. */
  readonly strange: readonly string[];
}

export const REPEAT_LABEL = "(may be a repeat)";

/** `FILL` characters to a part: one fits into a platform message, two do not. */
const FILL: Readonly<Record<Platform, number>> = { telegram: 2_500, discord: 1_200 };

export function createLedger(model: FakeModel): Ledger {
  const asked = new Map<string, Asked>();
  const answers = new Map<string, string>();
  model.answer((request) => {
    const text = answers.get(idIn(request.text));
    return text === undefined ? undefined : { kind: "text", text };
  });
  return {
    ask(chat, parts = 1) {
      const entry = asked.get(chat.name) ?? { chat, questions: [] };
      const question = { id: `q${chat.user}n${entry.questions.length + 1}`, parts };
      asked.set(chat.name, entry);
      entry.questions.push(question);
      answers.set(question.id, answerText(question, chat.platform));
      chat.say(`${question.id} please`);
      return question;
    },
    judge: () => judgeAll([...asked.values()]),
    modelCalls: ({ id }) => model.requests.filter((request) => idOf(request) === id).length,
    shown: (chat) => readParts(chat).parts,
  };
}

const idIn = (text: string): string => /\bq\d+n\d+\b/.exec(text)?.[0] ?? "";
const idOf = (request: ModelRequest): string => idIn(request.text);

export const partNames = ({ id, parts }: Question): readonly string[] =>
  Array.from({ length: parts }, (_, index) => `${id}.${index + 1}/${parts}`);

function answerText(question: Question, platform: Platform): string {
  const names = partNames(question);
  if (names.length === 1) return `answer ${names[0]}`;
  return names.map((name) => `answer ${name} ${"word ".repeat(FILL[platform] / 5)}`).join("\n\n");
}

/** The label is in front of the part, or a message of its own before it. */
function readParts(chat: Conversation): { parts: readonly Part[]; strange: readonly string[] } {
  const parts: Part[] = [];
  const strange: string[] = [];
  let label = false;
  for (const { text, at } of chat.shown()) {
    const name = /answer (q\d+n\d+\.\d+\/\d+)/.exec(text)?.[1];
    const labelled = label || text.startsWith(REPEAT_LABEL);
    label = text.trim() === REPEAT_LABEL;
    if (name) parts.push({ name, at, labelled });
    else if (!label) strange.push(`${chat.name}: ${text}`);
  }
  return { parts, strange };
}

function judgeAll(asked: readonly Asked[]): Verdict {
  const verdicts = asked.map(judgeChat);
  return {
    lost: verdicts.flatMap(({ lost }) => lost),
    outOfOrder: verdicts.flatMap(({ outOfOrder }) => outOfOrder),
    repeats: verdicts.flatMap(({ repeats }) => repeats),
    strange: verdicts.flatMap(({ strange }) => strange),
  };
}

function judgeChat({ chat, questions }: Asked): Verdict {
  const wanted = questions.flatMap(partNames);
  const place = new Map(wanted.map((name, index) => [name, index]));
  const { parts, strange } = readParts(chat);
  const seen = new Map<string, number>();
  const outOfOrder: string[] = [];
  const repeats: Repeat[] = [];
  let furthest = -1;
  for (const { name, labelled, at } of parts) {
    const index = place.get(name) ?? Number.NaN;
    // A repeat must be of the part that came last: anything earlier would be out of order too.
    if (!(index > furthest || (seen.has(name) && index === furthest))) outOfOrder.push(name);
    const from = seen.get(name);
    if (from !== undefined) {
      repeats.push({ chat: chat.name, platform: chat.platform, part: name, labelled, from, at });
    }
    seen.set(name, at);
    furthest = Math.max(furthest, index);
  }
  return { lost: wanted.filter((name) => !seen.has(name)), outOfOrder, repeats, strange };
}
