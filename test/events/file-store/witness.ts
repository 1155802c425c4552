import { expect } from "vitest";
import type { NewEvent } from "../../../src/events/event.ts";
import { hashKey, parseEventFileName } from "../../../src/events/event-name.ts";
import type { EventStore } from "../../../src/events/event-store.ts";
import { errorMessage } from "../../../src/runtime/errors.ts";
import { newInbound } from "../../builders/new-event.ts";
import type { StoreSetUp } from "../set-up-store.ts";

type State = "absent" | "owed" | "done" | "failed";

/** Remembers what a store has confirmed: of each event, the states in which a later process may find it. */
export function createWitness() {
  const allowed = new Map<string, ReadonlySet<State>>();
  const refs = new Map<string, string>();
  const errors: string[] = [];

  /** Whether it worked; a failure is kept. */
  async function tryTo(step: () => Promise<unknown>): Promise<boolean> {
    try {
      await step();
      return true;
    } catch (error) {
      errors.push(errorMessage(error));
      return false;
    }
  }

  return {
    errors,
    tryTo,

    async publish(store: EventStore, events: readonly NewEvent[]): Promise<void> {
      await tryTo(async () => {
        for (const { key } of events) allowed.set(key, new Set(["absent", "owed"]));
        const { stored, error } = await store.publish(events);
        for (const { key, ref } of stored) {
          allowed.set(key, new Set(["owed"]));
          refs.set(key, ref);
        }
        if (error) throw error;
      });
    },

    /** A step that takes an event from one state to another, if it is in that one for certain. */
    async attempt(
      key: string,
      [from, to]: readonly [State, State],
      step: (ref: string) => Promise<unknown>,
    ): Promise<void> {
      const ref = refs.get(key);
      const states = allowed.get(key) ?? new Set();
      if (ref === undefined || states.size !== 1 || !states.has(from)) return;
      const worked = await tryTo(() => step(ref));
      allowed.set(key, new Set(worked ? [to] : [from, to]));
    },

    /** A process that starts now finds each event once, in one of its states, and accepts what is absent. */
    async expectKept(world: StoreSetUp, at: string): Promise<void> {
      await expectNoDoubles(world, at);
      const store = await world.opened();
      const found = await statesIn(store);
      for (const [key, states] of allowed) {
        const known = found.get(key);
        const { stored, error } = await store.publish([newInbound(key)]);
        expect(error, at).toBeUndefined();
        const state = known ?? (stored.length > 0 ? "absent" : "done");
        expect([...states], `${key} ${at}`).toContain(state);
      }
      await expectNoDoubles(world, at);
    },

    /** The process that met the fault goes on when it is gone. */
    async expectRecovers(store: EventStore, at: string): Promise<void> {
      await store.probe();
      const { stored, error } = await store.publish([newInbound("later")]);
      expect(error, at).toBeUndefined();
      expect(stored, at).toHaveLength(1);
      expect(store.health(), at).toEqual({ ok: true });
    },
  };
}

async function statesIn(store: EventStore & { owed: Record<string, readonly string[]> }) {
  const states = new Map<string, State>();
  for (const ref of Object.values(store.owed).flat()) {
    states.set((await store.read(ref))?.key ?? "", "owed");
  }
  for (const ref of store.failed()) states.set((await store.read(ref))?.key ?? "", "failed");
  return states;
}

/** No key has two files that count. */
async function expectNoDoubles({ files, layout }: StoreSetUp, at: string): Promise<void> {
  const names = await Promise.all(
    [layout.inbox, layout.pending, layout.done, layout.failed].map((folder) => files.list(folder)),
  );
  const keys = names.flat().flatMap((name) => parseEventFileName(name)?.key ?? []);
  expect(keys, at).toEqual([...new Set(keys)]);
  expect(keys.every((key) => key.length === hashKey("").length)).toBe(true);
}
