import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "../../src/runtime/errors.ts";
import type { ModelRequest } from "../fakes/model.ts";
import type { Platform } from "./conversation.ts";
import { questionIn } from "./ledger.ts";
import type { Rig } from "./rig.ts";
import type { LifeTimes } from "./server-process.ts";

/** What was so at the end of a life. */
export interface Death extends LifeTimes {
  /** Questions whose answer was in the history: their model call is paid for, once and for all. */
  readonly answered: ReadonlySet<string>;
  /** Requests that the fake model had met. */
  readonly modelRequests: number;
  /** Questions whose answer was on disk and not known to be delivered whole. */
  readonly owed: ReadonlySet<string>;
}

export interface DeathLog {
  /** When the looking began, UTC ms. */
  readonly since: number;
  readonly deaths: readonly Death[];
  close(): void;
}

/** Looks at what a dead server leaves behind, as soon as it is dead. */
export function watchDeaths(rig: Pick<Rig, "server" | "workspace" | "model">): DeathLog {
  const deaths: Death[] = [];
  const close = rig.server.onEnd((life) =>
    deaths.push({
      ...life,
      answered: readAnswered(rig),
      modelRequests: rig.model.requests.length,
      owed: readOwed(rig),
    }),
  );
  return { since: Date.now(), deaths, close };
}

/** Questions whose finished answer is in a session's file. Each line is whole, or was never acknowledged. */
export function readAnswered({ workspace }: Pick<Rig, "workspace">): ReadonlySet<string> {
  const whole = textsIn(workspace.path(".history", "sessions")).map((text) =>
    text.slice(0, text.lastIndexOf("\n") + 1),
  );
  return new Set(
    whole.flatMap((text) =>
      [...text.matchAll(/answer (q\d+n\d+)\.1\//g)].map(([, id]) => id ?? ""),
    ),
  );
}

function readOwed({ workspace }: Pick<Rig, "workspace">): ReadonlySet<string> {
  return new Set(textsIn(workspace.path(".event", "pending")).map(questionIn));
}

/** A server that lives renames its files meanwhile: one that is gone is there under its other name at the next look. */
function textsIn(folder: string): readonly string[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.flatMap((name) => {
    try {
      return [readFileSync(join(folder, name), "utf8")];
    } catch (error) {
      if (errorCode(error) === "ENOENT") return [];
      throw error;
    }
  });
}

/** Model calls for questions that had their answer when a process died before. */
export function callsAfterAnswered(
  requests: readonly ModelRequest[],
  deaths: readonly Death[],
): readonly string[] {
  const ids = requests.map(({ text }) => questionIn(text));
  return deaths.flatMap(({ answered, modelRequests }, index) => {
    const until = deaths[index + 1]?.modelRequests ?? ids.length;
    return ids.slice(modelRequests, until).filter((id) => answered.has(id));
  });
}

/** A platform shows what a dead server has sent: its last requests are still read after the kill. */
export const ON_THE_WIRE_MS = 250;
/** A send that was answered so shortly before may be one whose answer the dead bot had not read yet. */
const UNREAD_MS = 500;

interface Send {
  readonly chat: string;
  readonly text: string;
  readonly at: number;
  readonly status: number | undefined;
  readonly answeredAt?: number;
}

/** Requests that post a message, in order of arrival. */
export function sendsOn({ telegram, discord }: Rig, platform: Platform): readonly Send[] {
  if (platform === "telegram") {
    return telegram
      .requests()
      .filter(({ name }) => /^send(Rich)?Message$/.test(name))
      .map((request) => ({
        ...request,
        chat: String(request.body.chat_id),
        text: JSON.stringify(request.body),
      }));
  }
  const posts = discord.requests(/^POST \/channels\/\d+\/messages$/);
  return posts.map((request) => ({
    ...request,
    chat: request.name,
    text: JSON.stringify(request.body),
  }));
}

/**
 * Chats in which a send had begun and was not known to have ended when the server died: only these may show something
 * twice. my-bot's own files tell that; of another bot, only the time of the answer does.
 */
export function chatsInDoubt(rig: Rig, platform: Platform, death: Death): number {
  const { startedAt, endedAt, owed } = death;
  const isOpen = ({ text, at, status, answeredAt }: Send) =>
    rig.isMyBot
      ? owed.has(questionIn(text))
      : status === undefined || (answeredAt ?? at) >= endedAt - UNREAD_MS;
  const sends = sendsOn(rig, platform).filter(
    (send) => send.at >= startedAt && send.at <= endedAt + ON_THE_WIRE_MS && isOpen(send),
  );
  return new Set(sends.map(({ chat }) => chat)).size;
}

export interface StartTimes {
  /** Milliseconds from the start of each process until its channels were connected. */
  readonly ready: readonly number[];
  /** The same until its first send; only of those that found replies to deliver when they started. */
  readonly redelivery: readonly number[];
}

/** Of the lives that began while it was looked. */
export function startTimes(rig: Rig, { since, deaths }: DeathLog): StartTimes {
  const isAlive = rig.server.isRunning();
  const lives: readonly LifeTimes[] = isAlive ? [...deaths, rig.server.times()] : deaths;
  const sends = [...sendsOn(rig, "telegram"), ...sendsOn(rig, "discord")].map(({ at }) => at);
  sends.sort((a, b) => a - b);
  const redelivery = lives.flatMap(({ startedAt, endedAt }, index) => {
    if (!deaths[index - 1]?.owed.size) return [];
    const first = sends.find((at) => at >= startedAt && at <= endedAt);
    return first === undefined ? [] : [first - startedAt];
  });
  const ready = lives.flatMap(({ startedAt, readyAt }) =>
    readyAt === undefined || startedAt < since ? [] : [readyAt - startedAt],
  );
  return { ready, redelivery };
}
