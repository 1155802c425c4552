import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "../contracts/recording-receiver.ts";
import { type FakeModel, startFakeModel } from "../fakes/model.ts";
import { type Cli, createCli } from "./run-cli.ts";

describe("my-bot server", () => {
  let cli: Cli;
  let workspace: string;
  let model: FakeModel;

  beforeEach(async () => {
    [cli, model] = await Promise.all([createCli(), startFakeModel()]);
    workspace = join(cli.home, "workspace");
    await cli.run(["init", "-w", workspace]);
  });
  afterEach(async () => {
    await cli.close();
    await model.stop();
  });

  const config = () => join(workspace, "config.user.yaml");
  const useModel = () =>
    writeFile(
      config(),
      `llm: { provider: openai-compatible, model: fake, api_base: "${model.apiBase}" }\n`,
    );
  const logLines = (text: string): Record<string, unknown>[] =>
    text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));

  it("refuses to be the second one, and says who is the first", async () => {
    const server = await cli.serve(workspace);
    const { code, stderr } = await cli.run(["server", "-w", workspace]);
    expect(code).toBe(1);
    expect(stderr).toContain("is in use by");
    expect(stderr).toContain(String(server.child.pid));
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });

  it("starts at once after the first one was killed", async () => {
    const first = await cli.serve(workspace);
    first.child.kill("SIGKILL");
    await first.ended;
    await cli.serve(workspace);
  });

  it("writes nothing but JSON lines to standard output", async () => {
    const server = await cli.serve(workspace);
    server.child.kill("SIGTERM");
    const { stdout } = await server.ended;
    const messages = logLines(stdout).map(({ msg }) => msg);
    expect(messages).toContain("my-bot starts");
    expect(messages.at(-1)).toBe("my-bot stopped");
  });

  // weaknesses.md W-L2: only Ctrl-C was handled.
  it.each(["SIGTERM", "SIGINT"] as const)("finishes a running answer after %s", async (signal) => {
    await useModel();
    let release = () => {};
    const until = new Promise<void>((resolve) => {
      release = resolve;
    });
    model.answer(() => ({ kind: "slow", text: "worth waiting for", until }));
    const server = await cli.serve(workspace);
    const chatting = cli.start(["chat", "-w", workspace], { input: "hi\n" });
    await eventually(() => expect(model.requests).toHaveLength(1));
    server.child.kill(signal);
    await eventually(() => expect(server.stderr()).toContain("Stopping"));
    release();
    expect(await chatting.ended).toMatchObject({ stdout: "worth waiting for\n", code: 0 });
    expect((await server.ended).code).toBe(0);
    expect(await readdir(join(workspace, ".event", "pending"))).toEqual([]);
  });

  // weaknesses.md W-L2.
  it("stops at once at the second signal, and keeps what was running for the next start", async () => {
    await useModel();
    model.answer(() => ({ kind: "slow", text: "too late", until: new Promise(() => {}) }));
    const server = await cli.serve(workspace);
    const chatting = cli.start(["chat", "-w", workspace], { input: "hi\n" });
    await eventually(() => expect(model.requests).toHaveLength(1));
    const startedAt = Date.now();
    server.child.kill("SIGTERM");
    await eventually(() => expect(server.stderr()).toContain("Stopping"));
    server.child.kill("SIGTERM");
    expect((await server.ended).code).toBe(0);
    expect(Date.now() - startedAt).toBeLessThan(6_000);
    expect((await chatting.ended).code).toBe(1);
    expect(await readdir(join(workspace, ".event", "inbox"))).toHaveLength(1);
  });

  // weaknesses.md W-L5.
  // Red when the supervisor starts a worker again for ever.
  it("exits with 1 when a worker cannot be kept running, so that a service manager sees it", async () => {
    await mkdir(join(workspace, ".event"), { recursive: true });
    await writeFile(join(workspace, ".event", "inbox"), "no folder");
    const { code, stdout, stderr } = await cli.run(["server", "-w", workspace]);
    expect(code).toBe(1);
    expect(stdout.match(/"msg":"worker crashed"/g)?.length).toBe(6);
    expect(stderr).toContain("Cannot keep EventBus running: it crashed 6 times");
  });

  it("reads the configuration again at SIGHUP", async () => {
    const server = await cli.serve(workspace);
    server.child.kill("SIGHUP");
    await eventually(() => expect(server.stdout()).toContain("configuration reloaded"));
    server.child.kill("SIGTERM");
    expect((await server.ended).code).toBe(0);
  });

  it("says where to find what is missing when there is no workspace", async () => {
    const { code, stdout, stderr } = await cli.run(["server", "-w", join(cli.home, "nowhere")]);
    expect({ code, stdout }).toEqual({ code: 78, stdout: "" });
    expect(stderr).toMatch(
      /^my-bot: Cannot find .*nowhere\/config\.user\.yaml: .*my-bot init.*\n$/,
    );
  });

  it("makes the workspace with --init, and says so", async () => {
    const fresh = join(cli.home, "fresh");
    const server = cli.start(["server", "--init", "-w", fresh]);
    await eventually(() => expect(server.stdout()).toContain("my-bot starts"));
    expect(server.stderr()).toContain(`Made a workspace in ${fresh}`);
    expect(await readFile(join(fresh, "config.user.yaml"), "utf8")).toContain("default_agent");
  });

  // peers #48: one line with its place, and an exit code for which a service manager does not start it again.
  // weaknesses.md W-C13, 3.6 #12: found only when a message came.
  it.each([
    ["an unknown key", "defualt_agent: pickle\n", /:1: .*defualt_agent.*default_agent/],
    ["a wrong type", "delivery:\n  concurrency: many\n", /:2: .*delivery\.concurrency/],
    ["broken YAML", "llm: [\n", /:\d+: .*YAML/],
    ["a key twice", "default_agent: a\ndefault_agent: b\n", /:2: .*twice/],
    ["a missing token", "channels:\n  telegram: {}\n", /:2: .*token/],
    ["a name that is not set", "llm:\n  provider: $" + "{NOT_SET}\n", /:2: .*NOT_SET/],
    ["an agent that is not there", "default_agent: nobody\n", /no agent "nobody"/],
  ])("refuses %s with 78 and one line", async (_, text, expected) => {
    await writeFile(config(), text);
    const { code, stdout, stderr } = await cli.run(["server", "-w", workspace]);
    expect(stderr).toMatch(expected);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 78, stdout: "" });
  });

  it("refuses a broken definition of its agent with file, line and remedy", async () => {
    const file = join(workspace, "agents", "pickle", "AGENT.md");
    await writeFile(file, "---\nname: Pickle\ncolour: green\n---\nHi\n");
    const { code, stderr } = await cli.run(["server", "-w", workspace]);
    expect(code).toBe(78);
    expect(stderr).toContain(`${file}:3: `);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});
