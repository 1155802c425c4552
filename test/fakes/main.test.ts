import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../contracts/recording-receiver.ts";
import { createServerProcess } from "../rig/server-process.ts";

const inRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

test("`npm run fakes` prints a workspace that the real server can be run with, and lets one speak", {
  timeout: 60_000,
}, async () => {
  const fakes = spawn(
    process.execPath,
    [inRoot("node_modules/tsx/dist/cli.mjs"), "test/fakes/main.ts"],
    {
      cwd: inRoot(""),
      stdio: ["pipe", "pipe", "pipe"],
    },
  );
  let output = "";
  const hear = (chunk: Buffer) => {
    output += chunk;
  };
  fakes.stdout.on("data", hear);
  fakes.stderr.on("data", hear);
  const ended = once(fakes, "exit");
  onTestFinished(() => void fakes.kill("SIGKILL"));

  await eventually(() => expect(output).toContain("Ctrl-C ends everything"), 20_000);
  const [, root = ""] = /server -w (\S+)/.exec(output) ?? [];
  const env = { HOME: root, XDG_RUNTIME_DIR: root, PATH: "/usr/bin:/bin" };
  const channels = ["telegram", "discord"];
  const server = createServerProcess({ workspace: { root, env }, channels });
  onTestFinished(server.kill);
  server.start();
  await server.waitReady();

  fakes.stdin.write("tg hello\ndc2 good day\nnonsense\n");
  await eventually(() => {
    expect(output).toMatch(/\[Telegram 1001\] bot: echo: hello/);
    expect(output).toMatch(/\[Discord \d+\] bot: echo: good day/);
    expect(output.split("the model's next answer is this error")).toHaveLength(3);
  });
  fakes.stdin.write("say **Good** morning\ntg and now?\n");
  await eventually(() => expect(output).toMatch(/bot: Good morning/));

  expect(await server.stop()).toMatchObject({ code: 0 });
  fakes.kill("SIGINT");
  expect(await ended).toEqual([0, null]);
  expect(existsSync(root)).toBe(false);
});
