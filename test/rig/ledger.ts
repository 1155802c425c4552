import type { FakeModel, ModelBehaviour, ModelRequest } from "../fakes/model.ts";
import type { Conversation, Platform } from "./conversation.ts";

/** A question that a person asks, and the answer that the fake model gives. */
export interface Question {
  /** "q1001n2", the second one of person 1001: the same word is in the question and in each part of its answer. */
  readonly id: string;
  /** Platform messages that the answer fills. */
  readonly parts: number;
  /** The model calls a tool before it answers. */
  readonly tool: boolean;
  /** UTC ms. */
  readonly askedAt: number;
}

export interface Asked {
  readonly chat: Conversation;
  readonly questions: readonly Question[];
}

export interface AskOptions {
  /** How many platform messages the answer takes; 1 by default. */
  readonly parts?: number;
  readonly tool?: boolean;
}

/** Writes down what was asked, makes the model answer it, and compares with what was shown. */
export interface Ledger {
  /** Says it in the chat. */
  ask(chat: Conversation, options?: AskOptions): Question;
  asked(): readonly Asked[];
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
  /** Anything else that the bot said. peers #12: such as a prompt, what a tool gave, or a history. */
  readonly strange: readonly Strange[];
}

export interface Strange {
  readonly chat: string;
  readonly text: string;
  readonly at: number;
}

export const REPEAT_LABEL = "(may be a repeat)";

/** `FILL` characters to a part: one fits into a platform message, two do not. */
const FILL: Readonly<Record<Platform, number>> = { telegram: 2_500, discord: 1_200 };

export function createLedger(model: FakeModel): Ledger {
  const asked = new Map<string, { readonly chat: Conversation; readonly questions: Question[] }>();
  const known = new Map<string, { readonly question: Question; readonly chat: Conversation }>();
  model.answer((request) => {
    const found = known.get(questionIn(request.text));
    return found && answerTo(request, found.question, found.chat.platform);
  });
  return {
    ask(chat, { parts = 1, tool = false } = {}) {
      const entry = asked.get(chat.name) ?? { chat, questions: [] };
      const id = `q${chat.user}n${entry.questions.length + 1}`;
      const question = { id, parts, tool, askedAt: Date.now() };
      asked.set(chat.name, entry);
      entry.questions.push(question);
      known.set(question.id, { question, chat });
      chat.say(`${question.id} please`);
      return question;
    },
    asked: () => [...asked.values()],
    judge: () => judgeAll([...asked.values()]),
    modelCalls: ({ id }) => model.requests.filter(({ text }) => questionIn(text) === id).length,
    shown: (chat) => readParts(chat).parts,
  };
}

/** The question that a text is about: "" for none. */
export const questionIn = (text: string): string => /\bq\d+n\d+\b/.exec(text)?.[0] ?? "";

function answerTo(request: ModelRequest, question: Question, platform: Platform): ModelBehaviour {
  const isToolDone = request.body.messages.at(-1)?.role === "tool";
  if (question.tool && !isToolDone) return { kind: "tool-call", name: "current_time", input: {} };
  return { kind: "text", text: answerText(question, platform) };
}

export const partNames = ({ id, parts }: Question): readonly string[] =>
  Array.from({ length: parts }, (_, index) => `${id}.${index + 1}/${parts}`);

function answerText(question: Question, platform: Platform): string {
  const names = partNames(question);
  if (names.length === 1) return `answer ${names[0]}`;
  return names.map((name) => `answer ${name} ${"word ".repeat(FILL[platform] / 5)}`).join("\n\n");
}

/** The label is in front of the part, or a message of its own before it. */
function readParts(chat: Conversation): { parts: readonly Part[]; strange: readonly Strange[] } {
  const parts: Part[] = [];
  const strange: Strange[] = [];
  let label = false;
  for (const { text, at } of chat.shown()) {
    const name = /answer (q\d+n\d+\.\d+\/\d+)/.exec(text)?.[1];
    const labelled = label || text.startsWith(REPEAT_LABEL);
    label = text.trim() === REPEAT_LABEL;
    if (name) parts.push({ name, at, labelled });
    else if (!label) strange.push({ chat: chat.name, text, at });
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
