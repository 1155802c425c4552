import type { Platform } from "../rig/conversation.ts";
import type { Rig } from "../rig/rig.ts";
import { type Memory, measureMemory } from "./memory.ts";
import type { TortureOptions } from "./options.ts";
import { type Played, playPoint } from "./play.ts";
import { POINTS } from "./points/all.ts";
import type { Point } from "./points/point.ts";
import { playStorm, STORM } from "./storm.ts";
import { PLAYS_A_RIG, SUBJECTS, type Subject } from "./subjects.ts";
import type { Row } from "./tally.ts";

export interface Results {
  readonly rows: readonly Row[];
  readonly memory: readonly { readonly bot: Subject["name"]; readonly memory: Memory }[];
  /** Settings that are not as `init` wrote them. */
  readonly changes: readonly string[];
  /** What could not be tried, although it should have been. */
  readonly failures: readonly string[];
}

export interface Run {
  /** What came of it so far. */
  results(): Results;
  /** Resolves when everything was tried. */
  readonly ended: Promise<void>;
  /** Ends every child, whatever is being tried. */
  close(): Promise<void>;
}

export interface RunDeps {
  readonly options: TortureOptions;
  /** Called for each row when it is complete. */
  onRow(row: Row): void;
}

type Task = () => Promise<void>;

interface World extends RunDeps {
  readonly rows: Row[];
  readonly memory: { readonly bot: Subject["name"]; readonly memory: Memory }[];
  readonly changes: Set<string>;
  readonly failures: string[];
  /** Rigs that are open. */
  readonly rigs: Set<Rig>;
  isClosed: boolean;
}

const STORM_POINT = { number: 13, name: "random kills" };
/** Its workspace grows with every message, and so does what a model is asked. */
const KILLS_A_STORM = 100;

export function startRun(deps: RunDeps): Run {
  const world: World = {
    ...{
      ...deps,
      rows: [],
      memory: [],
      changes: new Set(),
      failures: [],
      rigs: new Set(),
      isClosed: false,
    },
  };
  const { waiting, tasks } = tasksOf(world);
  if (waiting.length + tasks.length === 0) world.failures.push("no point fits these options");
  const work = Array.from({ length: deps.options.jobs }, () => workThrough(world, tasks));
  const ended = Promise.all([...waiting.map((task) => attempt(world, task)), ...work]).then(
    () => undefined,
  );
  return {
    results: () => ({ ...world, changes: [...world.changes] }),
    ended,
    async close() {
      world.isClosed = true;
      await Promise.allSettled([...world.rigs].map((rig) => rig.close()));
    },
  };
}

async function workThrough(world: World, tasks: Task[]): Promise<void> {
  for (let task = tasks.shift(); task && !world.isClosed; task = tasks.shift()) {
    await attempt(world, task);
  }
}

/** Never rejects: one that cannot be tried must not keep the others from it. */
async function attempt(world: World, task: Task): Promise<void> {
  try {
    await task();
  } catch (error) {
    if (!world.isClosed) world.failures.push(String(error));
  }
}

/** `waiting`: tasks that need minutes and no machine, so that they go on beside the others. */
function tasksOf(world: World): { waiting: readonly Task[]; tasks: Task[] } {
  const { options } = world;
  const waiting: Task[] = [];
  const tasks: Task[] = [];
  for (const subject of SUBJECTS.filter(({ name }) => options.subjects.includes(name))) {
    for (const point of POINTS.filter((one) => isWanted(one, subject, options))) {
      const platforms = point.platforms.filter((one) => isOn(subject, options, one));
      const list = point.waits ? waiting : tasks;
      list.push(
        ...platforms.map((platform) => () => tryPoint(world, { subject, point, platform })),
      );
    }
    if (isChosen(STORM_POINT, options)) tasks.push(...stormsOf(world, subject));
    if (options.only === undefined) tasks.push(() => tryMemory(world, subject));
  }
  return { waiting, tasks };
}

const isOn = (subject: Subject, { platforms }: TortureOptions, platform: Platform) =>
  subject.platforms.includes(platform) && platforms.includes(platform);

function isWanted(point: Point, subject: Subject, options: TortureOptions): boolean {
  if (point.waits && options.quick) return false;
  return subject.takes(point) && isChosen(point, options);
}

function isChosen(
  { number, name }: Pick<Point, "number" | "name">,
  { only }: TortureOptions,
): boolean {
  if (only === undefined) return true;
  return /^\d+$/.test(only) ? number === Number(only) : name.includes(only);
}

/** Makes a rig for as long as `use` runs. */
async function withRig<T>(
  world: World,
  make: () => Promise<Rig>,
  use: (rig: Rig) => Promise<T>,
): Promise<T> {
  const rig = await make();
  world.rigs.add(rig);
  try {
    if (world.isClosed) throw new Error("Cannot go on: told to stop");
    return await use(rig);
  } finally {
    await rig.close();
    world.rigs.delete(rig);
  }
}

interface Attempt {
  readonly subject: Subject;
  readonly point: Point;
  readonly platform: Platform;
}

async function tryPoint(world: World, { subject, point, platform }: Attempt): Promise<void> {
  const head = { bot: subject.name, platform, number: point.number, point: point.name };
  const skipped = point.unavailable?.();
  if (skipped !== undefined) return tell(world, { ...head, runs: [], skipped });
  const { times } = world.options;
  const make = () => subject.createRig([platform]);
  const runs: Played[] = [];
  const playSome = (count: number) =>
    withRig(world, make, async (rig) => {
      let people = 0;
      for (let n = 0; n < count; n += 1) {
        runs.push(await playPoint(point, { rig, platform, nextPerson: () => ++people }));
        await noteChanges(world, rig);
        // What is left of a run that went wrong must not be taken for a fault of the next one.
        if (isSpoilt(runs.at(-1))) return;
      }
    });
  if (point.waits) await Promise.all(Array.from({ length: times }, () => playSome(1)));
  const size = point.fresh ? 1 : PLAYS_A_RIG;
  while (runs.length < times && !world.isClosed)
    await playSome(Math.min(size, times - runs.length));
  const timed = point.untimed ? runs.map(withoutRedelivery) : runs;
  tell(world, { ...head, runs: timed });
}

const isSpoilt = (played: Played | undefined) =>
  played !== undefined && (played.broken.length > 0 || played.lost > 0);

const withoutRedelivery = (played: Played): Played => ({
  ...played,
  times: { ...played.times, redelivery: [] },
});

async function noteChanges({ changes }: World, rig: Rig): Promise<void> {
  if (!rig.isMyBot) return;
  for (const change of await rig.workspace.changes()) changes.add(change);
}

/** One task for each hundred of kills, each with a row: whatever ends a night's run, what came before it is told. */
function stormsOf(world: World, subject: Subject): readonly Task[] {
  const { options } = world;
  const platforms = subject.platforms.filter((one) => isOn(subject, options, one));
  if (platforms.length === 0) return [];
  const count = Math.ceil(options.kills / KILLS_A_STORM);
  const kills = Math.ceil(options.kills / count);
  const platform = platforms.length > 1 ? "both" : (platforms[0] ?? "both");
  const { number, name } = STORM_POINT;
  return Array.from({ length: count }, (_, index) => async () => {
    const storm = { ...STORM, kills, seed: options.seed + index };
    const make = () => subject.createRig(platforms);
    const played = await withRig(world, make, (rig) => playStorm(rig, storm));
    const point = count === 1 ? name : `${name}, ${index + 1} of ${count}`;
    tell(world, { bot: subject.name, platform, number, point, runs: [played] });
  });
}

async function tryMemory(world: World, subject: Subject): Promise<void> {
  const platforms = subject.platforms.filter((one) => isOn(subject, world.options, one));
  if (platforms.length === 0) return;
  const make = () => subject.createRig(platforms);
  const memory = await withRig(world, make, measureMemory);
  world.memory.push({ bot: subject.name, memory });
}

function tell(world: World, row: Row): void {
  world.rows.push(row);
  world.onRow(row);
}
