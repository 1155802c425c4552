import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "../contracts/recording-receiver.ts";
import { COMMAND } from "../rig/workspace.ts";
import { type Cli, createCli, pathOfThisNode } from "./run-cli.ts";

const SCRIPT = "/usr/bin/script";
const hasTerminal = process.platform === "linux" && existsSync(SCRIPT);

/** `script` of util-linux gives the child a real terminal; macOS has another program of that name. */
describe.skipIf(!hasTerminal)("my-bot on a terminal (needs util-linux)", () => {
  let cli: Cli;
  let workspace: string;
  const terminals: ChildProcess[] = [];

  beforeEach(async () => {
    cli = await createCli();
    workspace = join(cli.home, "workspace");
    await cli.run(["init", "-w", workspace]);
  });
  afterEach(async () => {
    for (const terminal of terminals.splice(0)) terminal.kill("SIGKILL");
    await cli.close();
  });

  function open(...args: readonly string[]) {
    return openCommand(["exec", process.execPath, COMMAND, ...args, "-w", workspace].join(" "));
  }

  function openCommand(command: string) {
    const child = spawn(SCRIPT, ["-qec", command, "/dev/null"], {
      cwd: cli.home,
      env: {
        PATH: pathOfThisNode(),
        HOME: cli.home,
        XDG_RUNTIME_DIR: cli.home,
        TERM: "xterm",
        NO_COLOR: "1",
      },
    });
    terminals.push(child);
    let screen = "";
    child.stdout.on("data", (chunk: Buffer) => {
      screen += chunk;
    });
    const ended = new Promise<number | null>((resolve) => {
      child.once("close", (code) => resolve(code));
    });
    return {
      ended,
      screen: () => screen,
      type: (text: string) => void child.stdin.write(text),
      sees: (text: string | RegExp) => eventually(() => expect(screen).toMatch(text)),
    };
  }

  it("chats until the person quits", async () => {
    const terminal = open("chat");
    await terminal.sees("You: ");
    terminal.type("echo one\r");
    await terminal.sees(/pickle: one\r/);
    terminal.type("  \r");
    terminal.type("QUIT\r");
    expect(await terminal.ended).toBe(0);
    expect(terminal.screen()).toContain("Goodbye!");
  });

  it.each([
    ["Ctrl-C", "\u0003"],
    ["Ctrl-D", "\u0004"],
  ])("ends the chat at %s", async (_, key) => {
    const terminal = open("chat");
    await terminal.sees("You: ");
    terminal.type(key);
    expect(await terminal.ended).toBe(0);
    expect(terminal.screen()).toContain("Goodbye!");
  });

  it("chats at once when a server is started, and Ctrl-C stops it", async () => {
    const terminal = open("server");
    await terminal.sees("You: ");
    terminal.type("echo from the server\r");
    await terminal.sees(/pickle: from the server\r/);
    expect((await cli.run(["status", "-w", workspace])).code).toBe(0);
    terminal.type("\u0003");
    expect(await terminal.ended).toBe(0);
    expect((await cli.run(["status", "-w", workspace])).code).toBe(3);
  });

  it("shows Markdown as text, and prints JSON instead with --json", async () => {
    const terminal = open("chat");
    await terminal.sees("You: ");
    terminal.type("echo **bold** and `code`\r");
    await terminal.sees(/pickle: bold and code\r/);
    terminal.type("\u0004");
    await terminal.ended;
    const lines = open("chat", "--json");
    lines.type("echo **bold**\r");
    await lines.sees('{"agent":"pickle","text":"**bold**"}');
    expect(lines.screen()).not.toContain("You: ");
    lines.type("\u0004");
    expect(await lines.ended).toBe(0);
  });

  it("gives a terminal nothing that steers it, when lines are piped in", async () => {
    const command = `echo 'echo &#27; \u001b[31mred' | exec ${process.execPath} ${COMMAND} chat -w ${workspace}`;
    const terminal = openCommand(command);
    await terminal.ended;
    expect(terminal.screen()).toContain("[31mred");
    expect(terminal.screen()).not.toContain("\u001b");
  });

  it("shows the log instead with --no-chat", async () => {
    const terminal = open("server", "--no-chat");
    await terminal.sees("my-bot starts");
    expect(terminal.screen()).not.toContain("You: ");
    terminal.type("\u0003");
    expect(await terminal.ended).toBe(0);
  });

  it("shows at the next chat what nobody has seen", async () => {
    const server = await cli.serve(workspace);
    const first = open("chat");
    await first.sees("You: ");
    first.type("echo seen\r");
    await first.sees(/pickle: seen\r/);
    // Ends before the answer can be shown: the command and its end arrive together.
    first.type("echo unseen\rquit\r");
    expect(await first.ended).toBe(0);
    await eventually(() => expect(server.stdout()).toContain("terminal/"));
    const second = open("chat");
    await eventually(() =>
      expect(`${first.screen()}${second.screen()}`).toMatch(/pickle: unseen\r/),
    );
    second.type("\u0004");
    await second.ended;
    // It leaves a moment after it was shown.
    const pending = join(workspace, ".event", "pending");
    await eventually(async () => expect(await readdir(pending)).toEqual([]));
  });
});
