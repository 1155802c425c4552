import { onTestFinished } from "vitest";
import type { Agent } from "../../src/agents/agent.ts";
import { createCommands } from "../../src/commands/commands.ts";
import type { InboundEvent, NewEvent, OutboundEvent } from "../../src/events/event.ts";
import { asModelError } from "../../src/providers/model-errors.ts";
import { createAgentWorker } from "../../src/server/agent-worker.ts";
import { createChannelRegistry } from "../../src/server/channel-registry.ts";
import { createOwnerNotices } from "../../src/server/owner-notices.ts";
import { openProcessDeaths } from "../../src/server/process-deaths.ts";
import { createRunNotes } from "../../src/server/run-notes.ts";
import { createRunningTurns } from "../../src/server/running-turns.ts";
import { createSlotShares } from "../../src/server/slot-shares.ts";
import { createSoloTurns } from "../../src/server/solo-turns.ts";
import { openFileSessionStore } from "../../src/sessions/file-session-store.ts";
import { buildAgent } from "../builders/agent.ts";
import { createManualClock } from "../builders/manual-clock.ts";
import { newInbound } from "../builders/new-event.ts";
import { startBus } from "../events/bus/start-bus.ts";
import { EVENT_FOLDER, setUpStore } from "../events/set-up-store.ts";
import { createRecordingFiles, DISK_ROOT } from "../fakes/recording-files.ts";
import { createScriptedModel, type ScriptedCall, says } from "../fakes/scripted-model.ts";

export interface AnsweringOptions {
  readonly concurrency?: number;
  /** What the model does when the last thing a person said is this; "echo: <text>" by default. */
  readonly model?: (text: string) => ScriptedCall | "die" | undefined;
  readonly staleAfterMs?: number;
  /** Runs before each model call; what it throws is a bug to the turn. */
  readonly beforeCall?: () => void;
}

const TURN_LIMITS = {
  ...{ callMs: 3_600_000, idleMs: 3_600_000, turnMs: 3_600_000, toolMs: 1_000, maxSteps: 9 },
};

/** The AgentWorker over the real bus, store and sessions on a disk in memory; each life of it can be killed. */
export async function setUpAnswering(options: AnsweringOptions = {}) {
  const clock = createManualClock();
  const disk = createRecordingFiles({ now: clock.now });
  const shown: OutboundEvent[] = [];
  const asked: string[] = [];
  const agents = new Map<string, Agent>([["pickle", buildAgent()]]);
  const world = { clock, disk, shown, asked, agents, options };
  let life = await begin(world);
  onTestFinished(() => life.end());
  const pass = (ms = 0) => clock.advance(ms);
  const texts = (chat = "42") =>
    shown.filter(({ address }) => address.chat === chat).map(({ content }) => content);
  return {
    ...{ clock, disk, shown, asked, agents, pass, texts },
    life: () => life,
    say: (key: string, given: Partial<InboundEvent> = {}) => life.say(key, given),
    async restart() {
      await life.kill();
      life = await begin(world);
    },
    async stopAndRestart() {
      await life.stop();
      life = await begin(world);
    },
    /** Lets everything run until this is so. */
    async until(isSo: () => boolean | Promise<boolean>, what = "it") {
      for (let round = 0; round < 5_000; round += 1) {
        if (await isSo()) return;
        await pass(0);
      }
      throw new Error(`Waited in vain for ${what}: ${JSON.stringify({ shown, asked })}`);
    },
  };
}

export type Answering = Awaited<ReturnType<typeof setUpAnswering>>;

interface World {
  readonly clock: ReturnType<typeof createManualClock>;
  readonly disk: ReturnType<typeof createRecordingFiles>;
  readonly shown: OutboundEvent[];
  readonly asked: string[];
  readonly agents: Map<string, Agent>;
  readonly options: AnsweringOptions;
}

/** A message of the person 42 in their own chat, sent now. */
const message = (key: string, now: number, given: Partial<InboundEvent> = {}): NewEvent => {
  const chat = given.address?.chat ?? "42";
  const source = `platform-telegram:${chat}:${chat}`;
  return {
    ...newInbound(key, { lane: source, source, address: { chat }, sentAt: now, content: key }),
    ...given,
  };
};

/** One process. */
async function begin(world: World) {
  const { clock, disk, shown, asked, agents, options } = world;
  const files = disk.process();
  const store = setUpStore({ disk: files, directory: EVENT_FOLDER, clock });
  const faulty = store.files;
  const bus = startBus(store);
  let alive = true;
  const model = createScriptedModel(({ prompt }) => {
    const text = lastWords(prompt);
    asked.push(text);
    const call = options.model?.(text) ?? says(`echo: ${text}`);
    if (call !== "die") return call;
    files.kill();
    alive = false;
    return { kind: "hang" };
  });
  const { logger: log } = store;
  const newId = () => `s${clock.now()}-${Math.random().toString(36).slice(2)}`;
  const directory = `${DISK_ROOT}/.history`;
  const sessions = await openFileSessionStore({ directory, files: faulty, clock, log, newId });
  const solo = createSoloTurns({ clock, wake: bus.wake });
  const runs = createRunNotes(log);
  const processDeaths = await openProcessDeaths(EVENT_FOLDER, { files: faulty, clock, log });
  const catalog = {
    get: async (id: string) => agents.get(id),
    known: () => [...agents.keys()],
    list: async () => [...agents.values()],
    problems: async () => [],
  };
  const turns = createRunningTurns({
    ...{ solo, clock, wakeOne: bus.wakeOne },
    shares: createSlotShares(options.concurrency ?? 16, catalog.known),
  });
  const owner = { channel: "telegram", chat: "1" };
  const worker = createAgentWorker({
    ...{
      bus,
      sessions,
      agents: catalog,
      turns,
      runs,
      processDeaths,
      solo,
      lanes: bus,
      boot: "boot-1",
      clock,
      log,
    },
    channels: createChannelRegistry(clock),
    commands: createCommands({
      ...{ log, sessions, grantAccess: async () => undefined },
      agents: {
        list: async () => [],
        get: async () => undefined,
        idFor: () => "pickle",
      },
    }),
    concurrency: options.concurrency ?? 16,
    random: () => 0.5,
    serves: () => true,
    knows: bus.knows,
    turnDeps: () => ({
      ...{ sessions, asModelError, clock, log, limits: TURN_LIMITS },
      model: async () => model,
      async systemPrompt() {
        options.beforeCall?.();
        return "You are Pickle.";
      },
    }),
    policy: () => ({
      defaultAgent: "pickle",
      giveUpAfterMs: 900_000,
      staleAfterMs: options.staleAfterMs ?? 3_600_000,
      owner,
      deadLetterNotice: createOwnerNotices(() => owner, "boot-1").deadLetter,
    }),
  });
  bus.consume("OutboundEvent", { concurrency: 99 }, async (event) => {
    if (!shown.some(({ id }) => id === event.id)) shown.push(event);
    return { kind: "done" };
  });
  const stopping = () => {
    runs.stopping();
    void processDeaths.stopping();
  };
  const ending = new AbortController();
  const running = worker.run(ending.signal);
  await bus.ready();
  return {
    ...{ bus, sessions, turns, stopping, files },
    isAlive: () => alive,
    message: (key: string, given: Partial<InboundEvent> = {}) => message(key, clock.now(), given),
    /** After so many disk operations from now on, the process is dead. */
    killAfter(operations: number) {
      const last = store.files.calls.length + operations;
      const wait = async () => files.kill();
      store.files.fail(({ index }) => index > last, { wait }, Number.POSITIVE_INFINITY);
    },
    async say(key: string, given: Partial<InboundEvent> = {}) {
      await bus.publish([message(key, clock.now(), given)]);
    },
    /** SIGKILL. */
    async kill() {
      files.kill();
      void bus.stop();
      await clock.advance(0);
    },
    /** SIGTERM, with a grace time that is over at once. */
    async stop() {
      stopping();
      ending.abort();
      const stopped = bus.stop();
      await clock.advance(0);
      await Promise.all([running, stopped]);
    },
    async end() {
      void bus.stop();
      await clock.advance(0);
    },
  };
}

function lastWords(
  prompt: Parameters<ReturnType<typeof createScriptedModel>["doStream"]>[0]["prompt"],
) {
  const last = prompt.findLast(({ role }) => role === "user");
  const parts = typeof last?.content === "string" ? [] : (last?.content ?? []);
  return parts.map((part) => (part.type === "text" ? part.text : "")).join("");
}
