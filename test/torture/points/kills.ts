import { PLATFORMS, type Platform } from "../../rig/conversation.ts";
import {
  answerKept,
  confirmed,
  fetched,
  type KillPoint,
  modelAnswered,
  modelInFlight,
  sendAnswered,
  sendArrived,
  sendPosted,
} from "../../rig/kill-points.ts";
import { partNames } from "../../rig/ledger.ts";
import { type KillReport, runKill } from "../../rig/run-kill.ts";
import { createFindings, type Point, type Stage } from "./point.ts";

/** What must be so after the kill, exactly; `undefined`: only what holds after any kill. */
type Check = (report: KillReport, platform: Platform) => readonly string[];

const inbound = (number: number, ...points: readonly KillPoint[]) =>
  points.map((point) => killPoint(number, point, nothingSent));

/** Each protection was taken out once, and the points beside it were seen red. */
export const KILLS: readonly Point[] = [
  // peers #35.
  // Telegram: confirming only what is durable (red at +40 ms with messages kept 15 ms later). Discord: reading the
  // history from the mark (red at +0 ms).
  ...inbound(1, ...fetched(0), ...fetched(5), ...fetched(40)),
  // The same (red when taken), and the key of a message that Telegram gives again (red when arrived).
  ...inbound(2, confirmed(false), confirmed(true)),
  // Settling a message only with its reply (both red when it is settled as it is claimed), and the lines of the steps
  // that are complete (red after a tool).
  ...inbound(3, modelInFlight(), modelInFlight(2)),
  // Making the reply durable before the message is settled (red at +2 and +20 ms with the two the other way round).
  ...[0, 2, 20].map((ms) => killPoint(4, modelAnswered(ms))),
  killPoint(4, modelAnswered(2, { tool: true })),
  // The end of the turn in the history (red: the model is asked again).
  { ...killPoint(4, answerKept), plain: false, fresh: true, untimed: true, play: playOnSlowDisk },
  // Settling a reply only when it is confirmed (red when it is settled as it is claimed), on Telegram also the note
  // "sending part k" (red: no label).
  sending(5, { part: 1, parts: 1, posted: false }),
  // Telegram: that note. Discord: the search in the history and the nonce (red without both; see nonce.ts for one).
  sending(6, { part: 1, parts: 1, posted: true }),
  // The same, and the receipts, noted one by one: red on Telegram from part 2 on. On Discord the search in the history
  // stands for them.
  ...[1, 2, 3].map((part) => sending(7, { part, parts: 3, posted: false })),
  ...[1, 2, 3].map((part) => sending(8, { part, parts: 3, posted: true })),
  // As 6: red on Telegram without the note, on Discord without search and nonce (+0 and +1 ms).
  ...[0, 1, 5].map((ms) => killPoint(9, sendAnswered(ms), justAnswered)),
];

function killPoint(number: number, point: KillPoint, check?: Check): Point {
  return {
    number,
    name: point.name,
    platforms: point.platform ? [point.platform] : PLATFORMS,
    // The other bots have no tools.
    plain: point.tool !== true,
    play: (stage) => playKill(stage, point, check),
  };
}

async function playKill(stage: Stage, point: KillPoint, check?: Check): Promise<readonly string[]> {
  const report = await runKill({ ...stage, chat: stage.person() }, point);
  return [...(check?.(report, stage.platform) ?? []), ...stepsPaidOnce(stage, report)];
}

/** Between the answer's line in the history and its file in `pending/`, there is time on this disk. */
async function playOnSlowDisk(stage: Stage): Promise<readonly string[]> {
  const { server, waitReady } = stage.rig;
  server.start({ NODE_OPTIONS: `--import=${new URL("../slow-disk.mjs", import.meta.url).href}` });
  await waitReady();
  return playKill(stage, answerKept, (report) =>
    report.wasAnswered ? [] : ["the answer was not in the history"],
  );
}

/** One kill costs one model call at most: a step that was complete is not asked for again. */
function stepsPaidOnce({ ledger }: Stage, { questions }: KillReport): readonly string[] {
  const { found, hold } = createFindings();
  for (const question of questions) {
    const calls = ledger.modelCalls(question);
    hold(calls <= (question.tool ? 2 : 1) + 1, `${calls} model calls for ${question.id}`);
  }
  return found;
}

/** Nothing had been sent: nothing comes twice, and nothing is called a repeat. */
function nothingSent({ before, after }: KillReport): readonly string[] {
  const { found, hold } = createFindings();
  const both = [...before, ...after];
  // At +40 ms a fast machine may be sending the answer already: then that one part may come again.
  hold(labelledOf(both).length <= 1, `labelled although not sent: ${labelledOf(both)}`);
  return found;
}

interface Sending {
  /** The part that was on its way, from 1. */
  readonly part: number;
  readonly parts: number;
  readonly posted: boolean;
}

function sending(number: number, at: Sending): Point {
  const point = at.posted ? sendPosted(at.part, at.parts) : sendArrived(at.part, at.parts);
  return killPoint(number, point, (report, platform) =>
    (platform === "telegram" ? repeatedOnce : neverRepeated)(report, at),
  );
}

const namesOf = (parts: KillReport["before"]) => parts.map(({ name }) => name);
const labelledOf = (parts: KillReport["before"]) =>
  namesOf(parts.filter(({ labelled }) => labelled));
const same = (a: readonly string[], b: readonly string[]) => a.join() === b.join();

const wantedParts = ({ questions }: KillReport): readonly string[] =>
  questions[0] ? partNames(questions[0]) : [];

/** On Telegram exactly the part in doubt comes after the kill with a label, whether it had been posted or not. */
function repeatedOnce(report: KillReport, at: Sending): readonly string[] {
  const { found, hold } = createFindings();
  const names = wantedParts(report);
  const done = at.part - 1;
  const before = names.slice(0, done + (at.posted ? 1 : 0));
  hold(same(namesOf(report.before), before), `shown before the kill: ${namesOf(report.before)}`);
  const resumed = namesOf(report.after).slice(0, names.length - done);
  hold(same(resumed, names.slice(done)), `not resumed at part ${at.part}: ${resumed}`);
  const labelled = labelledOf([...report.before, ...report.after]);
  hold(same(labelled, [names[done] ?? ""]), `labelled, not just part ${at.part}: ${labelled}`);
  hold(report.wasAnswered, "the answer was sent before it was kept");
  return found;
}

/** On Discord what was posted does not come again, and nothing is called a repeat. */
export function neverRepeated(report: KillReport, at: Sending): readonly string[] {
  const { found, hold } = createFindings();
  const names = wantedParts(report);
  const shown = names.slice(0, at.part - (at.posted ? 0 : 1));
  hold(same(namesOf(report.before), shown), `shown before the kill: ${namesOf(report.before)}`);
  const both = [...report.before, ...report.after];
  const first = namesOf(both).slice(0, names.length);
  hold(same(first, names), `not once and in order: ${first}`);
  hold(labelledOf(both).length === 0, `labelled: ${labelledOf(both)}`);
  hold(report.wasAnswered, "the answer was sent before it was kept");
  return found;
}

/** Its answer may have been read and settled in time, and then the next answer is the one on its way. */
function justAnswered(report: KillReport, platform: Platform): readonly string[] {
  const { found, hold } = createFindings();
  const labelled = labelledOf([...report.before, ...report.after]);
  hold(labelled.length <= (platform === "telegram" ? 1 : 0), `labelled: ${labelled}`);
  hold(report.wasAnswered, "the answer was sent before it was kept");
  return found;
}
