import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTerminalChannel } from "../../../src/channels/terminal/channel.ts";
import { SILENT_LOG } from "../../../src/cli/silent-log.ts";
import { type Clock, systemClock } from "../../../src/runtime/clock.ts";
import { UserError } from "../../../src/runtime/errors.ts";
import { nodeFileOps } from "../../../src/runtime/file-ops.ts";
import { callControl } from "../../../src/server/control/control-client.ts";
import { createControlWorker } from "../../../src/server/control/control-worker.ts";
import type { ControlledServer } from "../../../src/server/control/controlled-server.ts";
import { joinChat } from "../../../src/server/control/join-chat.ts";
import { statusSchema } from "../../../src/server/control/results.ts";
import type { StatusReport } from "../../../src/server/status.ts";
import { createManualClock } from "../../builders/manual-clock.ts";
import { eventually, recordingReceiver } from "../../contracts/recording-receiver.ts";

const STATUS: StatusReport = {
  version: "1.2.3",
  pid: 42,
  workspace: "/somewhere",
  startedAt: 1,
  ready: false,
  problems: ["channel telegram: token refused. Get another"],
  warnings: ["everyone can talk to the bot"],
  channels: [
    {
      name: "terminal",
      platform: "cli",
      state: { kind: "connected", account: "this computer" },
      since: 2,
      access: "everyone",
    },
  ],
  events: { inbox: 1, pending: 2, failed: 3, quarantined: 4, oldestOwedAt: 5 },
  unseen: 1,
  store: { ok: true },
  strangers: [{ channel: "telegram", sender: { id: "7", name: "Eve" }, attempts: 2, lastAt: 6 }],
  pairingCode: "ABCD2345",
  memory: 1000,
  loopDelay: { p99Ms: 1, maxMs: 20 },
};

describe("control socket", () => {
  let folder: string;
  let socketPath: string;
  let stop: AbortController;
  let running: Promise<void>;
  let terminalStop: AbortController;
  const receiver = recordingReceiver();
  let terminal: ReturnType<typeof createTerminalChannel>;
  let calls: string[];
  let status: StatusReport;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "my-bot-control-"));
    socketPath = join(folder, "run", "control.sock");
    stop = new AbortController();
    terminalStop = new AbortController();
    calls = [];
    status = STATUS;
    let ids = 0;
    terminal = createTerminalChannel({
      name: "terminal",
      clock: systemClock,
      newId() {
        ids += 1;
        return `id${ids}`;
      },
    });
    void terminal.receive(receiver, terminalStop.signal);
  });
  afterEach(async () => {
    stop.abort();
    terminalStop.abort();
    await running;
    await rm(folder, { recursive: true, force: true });
  });

  const start = (clock: Clock = systemClock) => {
    const server: ControlledServer = {
      terminal,
      bus: {
        observe: () => () => undefined,
        retry: async (ref) => void calls.push(`retry ${ref}`),
        discard: async () => {
          throw new Error("Cannot discard it: it is being handled now");
        },
      },
      pairing: {
        grant: async (code) =>
          code === "GOOD"
            ? { channel: "telegram", sender: { id: "7", name: "Eve" }, chat: "7" }
            : undefined,
      },
      letters: {
        unseenCount: () => 1,
        unseen: () => [],
        markSeen: async (refs) => void calls.push(`seen ${refs}`),
        forgetSeen: async (ref) => void calls.push(`forget ${ref}`),
      },
      status: async () => status,
    };
    const deps = { socketPath, events: join(folder, ".event"), agent: () => "pickle" };
    const worker = createControlWorker(server, {
      ...deps,
      files: nodeFileOps,
      clock,
      log: SILENT_LOG,
    });
    running = worker.run(stop.signal);
    return whenListening();
  };
  const whenListening = async () => {
    const deadline = Date.now() + 8_000;
    while (!(await stat(socketPath).catch(() => undefined))?.isSocket()) {
      if (Date.now() > deadline) throw new Error("It does not listen");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const ask = (request: Parameters<typeof callControl>[1]) => callControl(socketPath, request);

  /** A client that confirms what it shows only when it is told to. */
  function client(kind: "interactive" | "piped" = "interactive") {
    const shown: string[] = [];
    let typings = 0;
    let hold: Promise<void> | undefined;
    return {
      shown,
      typings: () => typings,
      holdBack(until: Promise<void>) {
        hold = until;
      },
      join: () =>
        joinChat(socketPath, kind, () => ({
          kind,
          async show(text) {
            shown.push(text);
            await hold;
          },
          typing() {
            typings += 1;
          },
        })),
    };
  }
  const send = (text: string, chat = "cli-user") =>
    terminal.send(
      { text },
      { chat },
      { idempotencyKey: "k", firstTriedAt: 0, signal: stop.signal },
    );

  it("answers for the status in full", async () => {
    await start();
    const answer = await ask({ method: "status" });
    expect(statusSchema.parse(answer?.result)).toEqual({ ...STATUS, letters: [] });
  });

  // weaknesses.md W-A5: whoever reached the port could command the agent; this socket is a file.
  it("is for its user alone", async () => {
    await start();
    expect((await stat(socketPath)).mode & 0o077).toBe(0);
    expect((await stat(join(folder, "run"))).mode & 0o777).toBe(0o700);
  });

  it("says that no server is running where nobody listens", async () => {
    running = Promise.resolve();
    expect(await ask({ method: "status" })).toBeUndefined();
  });

  it("takes the place of a socket that a killed server left", async () => {
    await nodeFileOps.makeDirectory(join(folder, "run"));
    await writeFile(socketPath, "");
    await start();
    expect(await ask({ method: "status" })).toBeDefined();
  });

  it("listens again when its file was swept away", async () => {
    const clock = createManualClock();
    await start(clock);
    await rm(socketPath);
    await clock.whenSleeping();
    await clock.advance(30_000);
    await whenListening();
    expect(await ask({ method: "status" })).toBeDefined();
  });

  it("goes on trying where it cannot listen, and takes nothing down", async () => {
    const clock = createManualClock();
    await writeFile(join(folder, "run"), "in the way");
    const started = start(clock);
    await clock.whenSleeping();
    await rm(join(folder, "run"));
    await clock.advance(5_000);
    await started;
    expect(await ask({ method: "status" })).toBeDefined();
  });

  it("tells a person's mistake as it is", async () => {
    await start();
    await expect(ask({ method: "pair", code: "BAD" })).rejects.toThrow(UserError);
    await expect(ask({ method: "pair", code: "BAD" })).rejects.toThrow('with the code "BAD"');
    await expect(ask({ method: "outbox.retry", ref: "0123" })).rejects.toThrow('find "0123"');
    expect(calls).toEqual([]);
  });

  it("lets in whoever was given a code", async () => {
    await start();
    expect((await ask({ method: "pair", code: "GOOD" }))?.result).toEqual({
      channel: "telegram",
      user: "7",
      name: "Eve",
    });
  });

  it("ends a connection that sends no JSON, too much of it, or an unknown request", async () => {
    await start();
    const talk = (text: string) =>
      new Promise<string>((resolve) => {
        const socket = connect(socketPath);
        let heard = "";
        socket.on("data", (chunk) => {
          heard += chunk;
        });
        socket.on("error", () => undefined);
        socket.on("close", () => resolve(heard));
        socket.write(text);
      });
    expect(await talk("nonsense\n")).toBe("");
    const padded = JSON.stringify({ method: "status", padding: "x".repeat(1_000_000) });
    expect(await talk(`${padded}\n`)).toBe("");
    expect(await talk('{"method":"fly"}\n')).toContain("another version");
    expect(await ask({ method: "status" })).toBeDefined();
  });

  it("passes on what is said when it is durable, and refuses with the reason", async () => {
    await start();
    const chat = await client().join();
    await chat?.say("hello there");
    expect(receiver.texts()).toContain("hello there");
    receiver.refuse(1);
    await expect(chat?.say("lost")).rejects.toThrow("no space left");
    chat?.close();
  });

  it("confirms a reply only when the client has shown it", async () => {
    await start();
    const ada = client();
    let release = () => {};
    ada.holdBack(
      new Promise((resolve) => {
        release = resolve;
      }),
    );
    const chat = await ada.join();
    let isConfirmed = false;
    const sent = send("the reply").then(() => {
      isConfirmed = true;
    });
    await eventually(() => expect(ada.shown).toEqual(["the reply"]));
    expect(isConfirmed).toBe(false);
    release();
    await sent;
    chat?.close();
  });

  it("does not confirm a reply to a client that left before it had shown it", async () => {
    await start();
    const ada = client();
    ada.holdBack(new Promise(() => {}));
    const chat = await ada.join();
    const sent = send("the reply");
    await eventually(() => expect(ada.shown).toEqual(["the reply"]));
    chat?.close();
    await expect(sent).rejects.toMatchObject({ failure: { kind: "transient", ambiguous: true } });
    await eventually(() => expect(terminal.attached("interactive")).toBe(0));
  });

  it("shows typing", async () => {
    await start();
    const ada = client();
    const chat = await ada.join();
    await terminal.typing?.({ chat: "cli-user" }, stop.signal);
    await eventually(() => expect(ada.typings()).toBe(1));
    chat?.close();
  });

  it("tells a client that the server is gone", async () => {
    await start();
    const chat = await client().join();
    stop.abort();
    await chat?.lost;
    await expect(chat?.say("anyone?")).rejects.toThrow("Cannot reach the server");
    await running;
  });

  it("refuses to chat where the terminal is switched off", async () => {
    await start();
    status = { ...STATUS, channels: [] };
    await expect(client().join()).rejects.toThrow("channels.terminal.enabled is false");
  });
});
