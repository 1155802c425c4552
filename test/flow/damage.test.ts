import { readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { eventually } from "../contracts/recording-receiver.ts";
import type { Rig } from "../rig/rig.ts";
import { runningRig, textsOf, waitSettled, waitShown } from "../rig/test-rig.ts";

/** Kills the server while it owes answers to the first two people. */
async function killOwing(rig: Rig): Promise<void> {
  rig.model.next(
    { kind: "stall", text: "never heard", events: 0 },
    { kind: "stall", text: "never heard", events: 0 },
  );
  for (const n of [1, 2]) rig.person("telegram", n).say(`question ${n}`);
  await eventually(() => {
    const asked = rig.model.requests.map(({ text }) => text);
    expect(asked).toEqual(expect.arrayContaining(["question 1", "question 2"]));
  });
  rig.server.kill();
  await rig.server.exited();
}

async function fileWith(folder: string, text: string): Promise<string> {
  for (const name of await readdir(folder)) {
    const path = `${folder}/${name}`;
    if ((await readFile(path, "utf8")).includes(text)) return path;
  }
  throw new Error(`No file in ${folder} has "${text}"`);
}

const damages = [
  ["torn", (text: string) => text.slice(0, text.length / 2)],
  ["empty", () => ""],
  ["of a later version", (text: string) => text.replace('"v": 1', '"v": 99')],
  ["not JSON", () => "\u0000\u0001\u0002"],
] as const;

// weaknesses.md 3.6 #10.
test.each(damages)(
  "an event file that is %s is set aside with a reason, and the others are handled",
  {
    timeout: 40_000,
  },
  async (_, damage) => {
    const rig = await runningRig({ channels: ["telegram"] });
    await killOwing(rig);
    const path = await fileWith(rig.workspace.path(".event", "inbox"), "question 1");
    const whole = await readFile(path, "utf8");
    const broken = damage(whole);
    expect(broken).not.toBe(whole);
    await writeFile(path, broken);
    await rig.start();
    await waitShown(rig.person("telegram", 2), "echo: question 2");
    await waitSettled(rig);

    const quarantine = rig.workspace.path(".event", "quarantine");
    const kept = await readdir(quarantine);
    expect(kept.some((name) => name.endsWith(".reason"))).toBe(true);
    const contents = await Promise.all(
      kept.map((name) => readFile(`${quarantine}/${name}`, "utf8")),
    );
    expect(contents).toContain(broken);
    const status = await rig.command(["status"]);
    expect(status.code).not.toBe(0);
    expect(status.stdout).toMatch(/quarantine/);
    // Its person can still be answered.
    const chat = rig.person("telegram", 1);
    chat.say("hello");
    await waitShown(chat, "echo: hello");
  },
);

// weaknesses.md W-I4, 3.6 #10.
test("a history file that cannot be read is set aside, its conversation goes on, and others keep theirs", {
  timeout: 40_000,
}, async () => {
  const rig = await runningRig({ channels: ["telegram"] });
  const [hurt, other] = [rig.person("telegram", 1), rig.person("telegram", 2)];
  for (const chat of [hurt, other]) {
    chat.say("remember me");
    await waitShown(chat, "echo: remember me");
  }
  expect(await rig.server.stop()).toMatchObject({ code: 0 });
  const folder = rig.workspace.path(".history", "sessions");
  const path = await fileWith(folder, `:${hurt.user}:`);
  await writeFile(path, '{"what":"is this"}\nnot json\n{"role":"user"}\n');
  await rig.start();
  for (const chat of [hurt, other]) {
    chat.say("and now?");
    await waitShown(chat, "echo: and now?");
    expect(textsOf(chat)).toHaveLength(2);
  }
  const lengths = rig.model.requests.slice(-2).map(({ body }) => body.messages.length);
  expect(lengths).toEqual([2, 4]);
  const broken = rig.workspace.path(".history", "broken");
  const aside = await readdir(broken);
  expect(aside).toHaveLength(1);
  expect(await readFile(`${broken}/${aside[0]}`, "utf8")).toContain("is this");
  // It is said until somebody has looked at it.
  for (const command of ["status", "doctor"]) {
    const said = await rig.command([command]);
    expect(said.stdout).toContain(`.history/broken/${aside[0]}`);
    expect(said.code).toBe(1);
  }
  await rm(`${broken}/${aside[0]}`);
  expect((await rig.command(["status"])).code).toBe(0);
});

// Red when it is read whole: the process has no room for it, at each start again.
test("a history file of two gigabytes is set aside, and its conversation goes on", {
  timeout: 60_000,
}, async () => {
  const rig = await runningRig({ channels: ["telegram"] });
  const chat = rig.person("telegram", 1);
  chat.say("hello");
  await waitShown(chat, "echo: hello");
  expect(await rig.server.stop()).toMatchObject({ code: 0 });
  const path = await fileWith(rig.workspace.path(".history", "sessions"), `:${chat.user}:`);
  // A hole takes no space.
  await truncate(path, 2 ** 31);
  await rig.start();
  chat.say("and now?");
  await waitShown(chat, "echo: and now?");
  const [aside] = await readdir(rig.workspace.path(".history", "broken"));
  for (const command of ["status", "doctor"]) {
    const said = await rig.command([command]);
    expect(said.stdout).toContain(`.history/broken/${aside}`);
    expect(said.code).toBe(1);
  }
});
