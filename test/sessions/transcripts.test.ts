import { describe, expect, test } from "vitest";
import type { LineFile } from "../../src/sessions/line-file.ts";
import { createTranscripts } from "../../src/sessions/transcripts.ts";

function setUp(max: number) {
  const opened: string[] = [];
  const unforgettable = new Set<string>();
  const open = (sessionId: string): LineFile<string> => {
    opened.push(sessionId);
    return {
      read: async () => [],
      append: async () => {},
      sync: async () => {},
      isForgettable: () => !unforgettable.has(sessionId),
    };
  };
  return { opened, unforgettable, transcripts: createTranscripts({ max, open }) };
}

describe("transcripts", () => {
  test("keep the files used last, however many there are", async () => {
    const { transcripts, opened } = setUp(3);
    for (let n = 0; n < 1000; n += 1) await transcripts.use(`s${n}`, (file) => file.sync());
    expect(transcripts.size()).toBe(3);
    for (const id of ["s997", "s998", "s999"]) await transcripts.use(id, (file) => file.sync());
    expect(opened).toHaveLength(1000);
    await transcripts.use("s0", (file) => file.sync());
    expect(opened).toHaveLength(1001);
  });

  test("forget none that is in use, nor one that has something to mend", async () => {
    const { transcripts, opened, unforgettable } = setUp(1);
    let end = () => {};
    const running = transcripts.use(
      "busy",
      () =>
        new Promise<void>((resolve) => {
          end = resolve;
        }),
    );
    unforgettable.add("torn");
    for (const id of ["torn", "a", "b"]) await transcripts.use(id, (file) => file.sync());
    expect(transcripts.size()).toBe(2);
    for (const id of ["torn", "busy"]) void transcripts.use(id, (file) => file.sync());
    end();
    await running;
    expect(opened).toEqual(["busy", "torn", "a", "b"]);
    unforgettable.clear();
    await transcripts.use("c", (file) => file.sync());
    expect(transcripts.size()).toBe(1);
  });

  test("run the tasks of one file one after another, and reject what cannot be opened", async () => {
    const { transcripts } = setUp(1);
    const steps: string[] = [];
    const step = (name: string) => async () => {
      steps.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      steps.push(`${name} ends`);
    };
    await Promise.all([transcripts.use("s", step("a")), transcripts.use("s", step("b"))]);
    expect(steps).toEqual(["a begins", "a ends", "b begins", "b ends"]);
    const none = createTranscripts<string>({
      max: 1,
      open: () => {
        throw new Error("not in the index");
      },
    });
    await expect(none.use("s", (file) => file.sync())).rejects.toThrow("not in the index");
  });
});
