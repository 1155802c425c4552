import { describe, expect, test } from "vitest";
import { STOPPED } from "../../src/agents/turn.ts";
import { endTurn } from "../../src/agents/turn-end.ts";
import { ModelError } from "../../src/providers/provider.ts";
import type { SessionStore } from "../../src/sessions/session-store.ts";
import { buildAgent, buildTool } from "../builders/agent.ts";
import { toolCall, userLine } from "../builders/session-messages.ts";
import { says, wants } from "../fakes/scripted-model.ts";
import { enospc } from "../sessions/faulty-files.ts";
import { expectAcceptable, LIMITS, printPrompt, setUpTurns } from "./turn-harness.ts";

const refused = new ModelError("HTTP 401", {
  failure: { kind: "permanent" },
  publicText: "The model does not accept the key.",
});
const busy = new ModelError("HTTP 429", {
  failure: { kind: "transient", retryAfterMs: 2000 },
  publicText: "The model is busy.",
});

describe("runTurn", () => {
  test("answers, and keeps the person's line and the answer", async () => {
    const { run, model, history } = await setUpTurns([says("Hi there!")]);
    expect(await run()).toEqual({ kind: "answered", text: "Hi there!" });
    expect(await history()).toEqual(["user: hello", "assistant: Hi there!"]);
    expect(model.asked[0]?.prompt).toEqual([
      { role: "system", content: "You are Pickle." },
      { role: "user", content: [{ type: "text", text: "hello" }] },
    ]);
    expect(model.asked[0]?.tools).toBeUndefined();
  });

  test("shows the model what was said before", async () => {
    const { run, model } = await setUpTurns([says("one"), says("two")]);
    await run();
    await run({ turn: "turn-2", content: "again" });
    expect(printPrompt(model.asked[1]?.prompt)).toEqual([
      "user: hello",
      "assistant: one",
      "user: again",
    ]);
  });

  test("gives out the text as it comes", async () => {
    const { run } = await setUpTurns([says("one two three")]);
    const pieces: string[] = [];
    await run({ onText: (delta) => void pieces.push(delta) });
    expect(pieces).toEqual(["one", " two", " three"]);
  });

  test("logs one line a model call, with its turn, time and tokens", async () => {
    const { run, entries } = await setUpTurns([{ kind: "error", error: busy }, says("ok")]);
    await run();
    await run();
    expect(entries).toMatchObject([
      { level: "warn", message: "model call failed", turn: "turn-1", ms: 0, reason: "HTTP 429" },
      {
        level: "info",
        message: "model call finished",
        turn: "turn-1",
        ms: 0,
        model: "scripted-1",
        tokens: { input: 7, output: 3 },
      },
    ]);
  });
});

describe("runTurn with tools", () => {
  test("runs what the model wants and shows it the results in the order of the calls", async () => {
    const release: (() => void)[] = [];
    const slow = buildTool({
      name: "slow",
      run: () => new Promise((resolve) => release.push(() => resolve("slow result"))),
    });
    const quick = buildTool({
      name: "quick",
      run: async () => {
        release[0]?.();
        return "quick result";
      },
    });
    const { run, model } = await setUpTurns([
      wants({ id: "a", name: "slow", input: '{"x":1}' }, { id: "b", name: "quick", input: "" }),
      says("done"),
    ]);
    const agent = buildAgent({ tools: [slow, quick] });
    expect(await run({ agent })).toEqual({ kind: "answered", text: "done" });
    expect([slow.runs, quick.runs]).toEqual([[{ x: 1 }], [{}]]);
    expect(model.asked[0]?.tools).toMatchObject([{ name: "slow" }, { name: "quick" }]);
    expect(printPrompt(model.asked[1]?.prompt)).toEqual([
      "user: hello",
      'assistant: slow({"x":1}) quick({})',
      "tool: =slow result =quick result",
    ]);
  });

  test("has synced a tool's intent before it runs", async () => {
    const order: string[] = [];
    const sessions = (store: SessionStore) => ({
      read: store.read,
      async append(...args: Parameters<SessionStore["append"]>) {
        await store.append(...args);
        order.push(args[1].role);
      },
      async sync(id: string) {
        await store.sync(id);
        order.push("sync");
      },
    });
    const tool = buildTool({ run: async () => String(order.push("run")) });
    const { run } = await setUpTurns([wants({ id: "a", name: "note" }), says("ok")], { sessions });
    await run({ agent: buildAgent({ tools: [tool] }) });
    expect(order).toEqual(["user", "assistant", "sync", "run", "tool", "assistant"]);
  });

  test.each([
    ["an unknown tool", { name: "nothing" }, "Tool not found: nothing"],
    ["broken arguments", { input: '{"a": 1' }, "Error: the arguments are not a JSON object"],
    [
      "arguments that are no object",
      { input: "[1]" },
      "Error: the arguments are not a JSON object",
    ],
    ["a tool that fails", { name: "broken" }, "Error executing tool: no such file"],
    ["a tool that says nothing", { name: "silent" }, "(no output)"],
    [
      "a tool that says too much",
      { name: "chatty" },
      `${"x".repeat(9999)}\n\n[Truncated - original size: 10002 chars]`,
    ],
  ])("tells the model of %s", async (_name, call, result) => {
    const tools = [
      buildTool(),
      buildTool({ name: "broken", run: () => Promise.reject(new Error("no such file")) }),
      buildTool({ name: "silent", run: async () => "" }),
      buildTool({ name: "chatty", run: async () => `${"x".repeat(9999)}🥒x` }),
    ];
    const { run, model } = await setUpTurns([
      wants({ id: "a", name: "note", ...call }),
      says("ok"),
    ]);
    expect(await run({ agent: buildAgent({ tools }) })).toEqual({ kind: "answered", text: "ok" });
    expect(printPrompt(model.asked[1]?.prompt).at(-1)).toBe(`tool: =${result}`);
  });

  test("tells calls apart whose ids the model repeats or leaves out", async () => {
    const tool = buildTool({ run: async (input) => JSON.stringify(input) });
    const call = (id: string, n: number) => ({ id, name: "note", input: `{"n":${n}}` });
    const { run, model, store, session } = await setUpTurns([
      wants(call("", 1), call("", 2), call("call-2", 3)),
      wants(call("call", 4)),
      says("ok"),
    ]);
    await run({ agent: buildAgent({ tools: [tool] }) });
    expect(tool.runs).toHaveLength(4);
    const lines = await store.read(session.id);
    const ids = lines.flatMap((line) => (line.role === "tool" ? [line.toolCallId] : []));
    expect(new Set(ids).size).toBe(4);
    expect(printPrompt(model.asked[2]?.prompt).filter((line) => line.startsWith("tool"))).toEqual([
      'tool: ={"n":1} ={"n":2} ={"n":3}',
      'tool: ={"n":4}',
    ]);
  });

  // weaknesses.md W-T11: no end to the rounds of tools.
  test("ends a turn that takes too many steps, restarts included", async () => {
    const tool = buildTool();
    const step = wants({ id: "a", name: "note" });
    const { run, model, history } = await setUpTurns([
      step,
      step,
      { kind: "error", error: busy },
      step,
      step,
    ]);
    const agent = buildAgent({ tools: [tool] });
    expect(await run({ agent })).toMatchObject({ kind: "retry" });
    const result = await run({ agent });
    expect(result).toMatchObject({ kind: "failed", reason: "no answer after 4 model calls" });
    expect(tool.runs).toHaveLength(4);
    expect(model.asked).toHaveLength(5);
    expect((await history()).at(-1)).toMatch(/^assistant: I stopped after 4 steps/);
    expect(await run({ agent })).toEqual(result);
  });
});

describe("runTurn when the model fails", () => {
  // weaknesses.md W-T1, 6.6: a retry asked the model to answer ".".
  test("asks for a later retry and keeps nothing of the failed call", async () => {
    const { run, model, history } = await setUpTurns([{ kind: "error", error: busy }, says("ok")]);
    expect(await run()).toEqual({
      kind: "retry",
      afterMs: 2000,
      reason: "HTTP 429",
      publicText: "The model is busy.",
    });
    expect(await history()).toEqual(["user: hello"]);
    expect(await run()).toEqual({ kind: "answered", text: "ok" });
    expect(await history()).toEqual(["user: hello", "assistant: ok"]);
    expect(model.asked[1]?.prompt).toEqual(model.asked[0]?.prompt);
  });

  test.each([
    ["breaks in the middle", { kind: "break", text: "half an", error: new Error("reset") }],
    ["reports an error in the middle", { kind: "error-part", text: "half", error: busy }],
    ["is cut off in the middle", { kind: "cut", text: "half an" }],
    ["ends with an error", { kind: "text", text: "half an", finish: "error" }],
  ] as const)("retries an answer that %s", async (_name, call) => {
    const { run, history } = await setUpTurns([call, says("whole")]);
    expect(await run()).toMatchObject({ kind: "retry", publicText: expect.stringMatching(/\w/) });
    expect(await history()).toEqual(["user: hello"]);
    expect(await run()).toEqual({ kind: "answered", text: "whole" });
  });

  test("answers a permanent failure with its text, once and for ever", async () => {
    const { run, model, history } = await setUpTurns([{ kind: "error", error: refused }]);
    const result = await run();
    expect(result).toEqual({
      kind: "failed",
      reason: "HTTP 401",
      publicText: "The model does not accept the key.",
    });
    expect(await run()).toEqual(result);
    expect(model.asked).toHaveLength(1);
    expect(await history()).toEqual([
      "user: hello",
      "assistant: The model does not accept the key.",
    ]);
  });

  test("treats a model that cannot be made like a call that fails", async () => {
    const { run, deps } = await setUpTurns([]);
    Object.assign(deps, { model: () => Promise.reject(refused) });
    expect(await run()).toMatchObject({ kind: "failed", reason: "HTTP 401" });
  });

  // weaknesses.md W-T16, 3.6 #19: a failed turn sent an empty text, which no platform takes.
  test.each([
    ["stop", "the model's answer was empty"],
    ["length", "the model used up its tokens before it answered"],
    ["content-filter", "the answer was held back by a content filter"],
  ] as const)("never gives an empty answer (%s)", async (finish, reason) => {
    const { run } = await setUpTurns([says(" \n", finish)]);
    const result = await run();
    expect(result).toMatchObject({ kind: "failed", reason });
    expect(result).toMatchObject({ publicText: expect.stringMatching(/^The model \w/) });
  });

  test("goes on alternating when a turn is given up", async () => {
    const { run, deps, model, session, history } = await setUpTurns([
      { kind: "error", error: busy },
      says("better"),
    ]);
    await run();
    const end = { kind: "failed", publicText: "The model is busy.", reason: "given up" } as const;
    const ending = { sessionId: session.id, turn: "turn-1", end };
    expect(await endTurn(deps, ending)).toEqual(end);
    expect(await endTurn(deps, { ...ending, end: { ...end, reason: "twice" } })).toEqual(end);
    expect(await run()).toEqual(end);
    await run({ turn: "turn-2", content: "and now?" });
    expect(await history()).toEqual([
      "user: hello",
      "assistant: The model is busy.",
      "user: and now?",
      "assistant: better",
    ]);
    expect(model.asked).toHaveLength(2);
  });

  test("shows the model a turn without an answer as interrupted, and can finish it later", async () => {
    const { run, model } = await setUpTurns([
      { kind: "error", error: busy },
      says("two"),
      says("one"),
    ]);
    await run();
    await run({ turn: "turn-2", content: "and now?" });
    expect(printPrompt(model.asked[1]?.prompt)).toEqual([
      "user: hello",
      "assistant: [no answer: this was interrupted]",
      "user: and now?",
    ]);
    await run();
    expect(printPrompt(model.asked[2]?.prompt)).toEqual([
      "user: and now?",
      "assistant: two",
      "user: hello",
    ]);
  });

  test("keeps the event when the history cannot be written, and answers later", async () => {
    let full = true;
    const sessions = (store: SessionStore) => ({
      ...store,
      async append(...args: Parameters<SessionStore["append"]>) {
        if (full && args[1].role === "assistant") throw enospc();
        await store.append(...args);
      },
    });
    const { run, history } = await setUpTurns([says("lost"), says("kept")], { sessions });
    await expect(run()).rejects.toThrow("no space left");
    full = false;
    expect(await run()).toEqual({ kind: "answered", text: "kept" });
    expect(await history()).toEqual(["user: hello", "assistant: kept"]);
  });
});

describe("runTurn when a result cannot be written", () => {
  test("keeps the event, and does not run the tool again", async () => {
    let full = true;
    const sessions = (store: SessionStore) => ({
      ...store,
      async append(...args: Parameters<SessionStore["append"]>) {
        if (full && args[1].role === "tool") throw enospc();
        await store.append(...args);
      },
    });
    const tool = buildTool();
    const agent = buildAgent({ tools: [tool] });
    const script = [wants({ id: "a", name: "note" }), says("ok")];
    const { run, model } = await setUpTurns(script, { sessions });
    await expect(run({ agent })).rejects.toThrow("no space left");
    full = false;
    expect(await run({ agent })).toEqual({ kind: "answered", text: "ok" });
    expect(tool.runs).toHaveLength(1);
    expect(printPrompt(model.asked[1]?.prompt).at(-1)).toContain("[interrupted");
  });
});

describe("runTurn in time", () => {
  // weaknesses.md W-T11, 3.6 #18: no end to a call of the model.
  test.each([
    ["never answers", { kind: "hang" }, LIMITS.callMs, 0],
    ["falls silent", { kind: "stall", text: "half an" }, LIMITS.idleMs, 1],
  ] as const)("gives up a call that %s, and retries", async (...[, call, ms, streams]) => {
    const { run, clock, model } = await setUpTurns([call, says("ok")]);
    const running = run();
    await clock.whenSleeping(2 + streams);
    await clock.advance(ms - 1);
    expect(clock.sleeping()).toBeGreaterThan(0);
    await clock.advance(1);
    expect(await running).toMatchObject({ kind: "retry", publicText: /too long/ });
    expect(model.cancelled()).toBe(streams);
    expect(model.asked[0]?.abortSignal?.aborted).toBe(true);
    expect(await run()).toEqual({ kind: "answered", text: "ok" });
  });

  // weaknesses.md W-T10, 3.6 #18: a tool that hung held the agent for ever.
  test("gives up a tool that takes no notice of its signal, and tells the model", async () => {
    let seen: AbortSignal | undefined;
    const tool = buildTool({
      run: (_input, { signal }) => {
        seen = signal;
        return new Promise(() => {});
      },
    });
    const { run, clock, model } = await setUpTurns([wants({ id: "a", name: "note" }), says("ok")]);
    const running = run({ agent: buildAgent({ tools: [tool] }) });
    await expect.poll(() => seen).toBeDefined();
    await clock.advance(LIMITS.toolMs);
    expect(await running).toEqual({ kind: "answered", text: "ok" });
    expect(seen?.aborted).toBe(true);
    expect(printPrompt(model.asked[1]?.prompt).at(-1)).toBe(
      "tool: =Error executing tool: it did not end in 2 s, and may have had an effect",
    );
  });

  test("ends a turn that takes too long with a readable text", async () => {
    const tool = buildTool({ run: () => new Promise(() => {}) });
    const { run, clock, history, deps } = await setUpTurns([wants({ id: "a", name: "note" })]);
    Object.assign(deps, { limits: { ...LIMITS, toolMs: 1_000_000 } });
    const running = run({ agent: buildAgent({ tools: [tool] }) });
    await expect.poll(() => tool.runs.length).toBe(1);
    await clock.advance(LIMITS.turnMs);
    const result = await running;
    expect(result).toMatchObject({ kind: "failed", reason: "not finished in 60000 ms" });
    expect((await history()).at(-1)).toMatch(/^assistant: This took too long/);
    expect(await run()).toEqual(result);
  });
});

describe("runTurn when it is stopped", () => {
  test.each([
    ["before it began", []],
    ["while the model is asked", [{ kind: "hang" }]],
    ["while the model answers", [{ kind: "stall", text: "half an" }]],
    ["while a tool runs", [wants({ id: "a", name: "note" })]],
  ] as const)("by the person %s: says so, and goes on alternating", async (_name, script) => {
    const tool = buildTool({ run: () => new Promise(() => {}) });
    const controller = new AbortController();
    const { run, model, history } = await setUpTurns([...script, says("next")]);
    const request = { agent: buildAgent({ tools: [tool] }), signal: controller.signal };
    if (script.length === 0) controller.abort(STOPPED);
    const running = run(request);
    await expect.poll(() => model.asked.length).toBe(script.length);
    await expect.poll(() => tool.runs.length).toBe(script[0]?.kind === "tools" ? 1 : 0);
    controller.abort(STOPPED);
    expect(await running).toEqual({ kind: "stopped", text: "Stopped." });
    expect((await history()).at(-1)).toBe("assistant: Stopped.");
    expect(await run()).toEqual({ kind: "stopped", text: "Stopped." });
    await run({ turn: "turn-2", content: "and now?" });
    expect(model.asked).toHaveLength(script.length + 1);
    const prompt = model.asked.at(-1)?.prompt ?? [];
    expectAcceptable(prompt);
    expect(printPrompt(prompt).slice(-2)).toEqual(["assistant: Stopped.", "user: and now?"]);
  });

  test.each([
    ["while the model is asked", [{ kind: "hang" }]],
    ["while the model answers", [{ kind: "stall", text: "half an" }]],
  ] as const)("by the server %s: rejects, and answers after the restart", async (_name, script) => {
    const controller = new AbortController();
    const { run, model, history } = await setUpTurns([...script, says("ok")]);
    const running = run({ signal: controller.signal });
    await expect.poll(() => model.asked.length).toBe(1);
    const reason = new Error("The server stops");
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(await history()).toEqual(["user: hello"]);
    expect(await run()).toEqual({ kind: "answered", text: "ok" });
  });

  test("by the server before it began: rejects and writes nothing", async () => {
    const { run, history } = await setUpTurns([]);
    const reason = new Error("The server stops");
    await expect(run({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(await history()).toEqual([]);
  });

  test("by the server while tools run: keeps the results that are there", async () => {
    const quick = buildTool({ name: "quick" });
    const hanging = buildTool({ name: "hanging", run: () => new Promise(() => {}) });
    const agent = buildAgent({ tools: [hanging, quick] });
    const controller = new AbortController();
    const { run, model, history } = await setUpTurns([
      wants({ id: "a", name: "hanging" }, { id: "b", name: "quick" }),
      says("ok"),
    ]);
    const running = run({ agent, signal: controller.signal });
    await expect.poll(history).toHaveLength(3);
    const reason = new Error("The server stops");
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(await run({ agent })).toEqual({ kind: "answered", text: "ok" });
    expect([hanging.runs.length, quick.runs.length]).toEqual([1, 1]);
    expect(printPrompt(model.asked[1]?.prompt).at(-1)).toBe(
      "tool: =[interrupted: it may or may not have run] =done",
    );
  });

  test("leaves no listener on a signal that outlives it", async () => {
    const controller = new AbortController();
    let listeners = 0;
    const { signal } = controller;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    Object.assign(signal, {
      addEventListener: (...args: Parameters<typeof add>) => {
        listeners += 1;
        add(...args);
      },
      removeEventListener: (...args: Parameters<typeof remove>) => {
        listeners -= 1;
        remove(...args);
      },
    });
    const { run } = await setUpTurns([wants({ id: "a", name: "note" }), says("ok")]);
    await run({ agent: buildAgent({ tools: [buildTool()] }), signal });
    expect(listeners).toBe(0);
  });
});

// peers #51.
describe("runTurn after a crash", () => {
  const asking = userLine({ turn: "turn-1", content: "hello" });
  const step = { role: "assistant", turn: "turn-1", timestamp: 1, content: "" } as const;

  // weaknesses.md W-T3, W-T4: a call without its result broke the session for ever.
  test("shows a tool that was running as interrupted and does not run it again", async () => {
    const tool = buildTool();
    const { run, store, session, model } = await setUpTurns([says("ok")]);
    await store.append(session.id, asking);
    await store.append(session.id, { ...step, toolCalls: [toolCall()] });
    await run({ agent: buildAgent({ tools: [tool] }) });
    expect(tool.runs).toEqual([]);
    expect(printPrompt(model.asked[0]?.prompt).at(-1)).toBe(
      "tool: =[interrupted: it may or may not have run]",
    );
  });

  test("runs a tool again that is safe to repeat", async () => {
    const tool = buildTool({ safeToRepeat: true });
    const { run, store, session, model } = await setUpTurns([says("ok")]);
    await store.append(session.id, asking);
    await store.append(session.id, { ...step, toolCalls: [toolCall()] });
    await run({ agent: buildAgent({ tools: [tool] }) });
    expect(tool.runs).toHaveLength(1);
    expect(printPrompt(model.asked[0]?.prompt).at(-1)).toBe("tool: =done");
  });

  test("does not run a tool that the agent has no more", async () => {
    const { run, store, session, model } = await setUpTurns([says("ok")]);
    await store.append(session.id, asking);
    await store.append(session.id, { ...step, toolCalls: [toolCall()] });
    await run();
    expect(printPrompt(model.asked[0]?.prompt).at(-1)).toContain("[interrupted");
  });
});
