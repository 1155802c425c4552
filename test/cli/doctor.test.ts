import { mkdir, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createRig, type Rig } from "../rig/rig.ts";

describe("my-bot doctor", () => {
  let rig: Rig;

  beforeEach(async () => {
    rig = await createRig({ channels: ["telegram"] });
  });
  afterEach(() => rig.close());

  const doctor = (...args: readonly string[]) => rig.command(["doctor", ...args]);

  // peers #47.
  it("finds nothing wrong where nothing is, without a server", async () => {
    const { code, stdout } = await doctor();
    expect(stdout).not.toContain("✗");
    expect(stdout).toContain("✓ The token is accepted");
    expect(stdout).toMatch(/✓ Who can talk to it: \d+ users/);
    expect(stdout).toMatch(/✓ openai-compatible\/fake-model answers/);
    expect(stdout).toContain("✓ The disk takes events");
    expect(stdout).toContain("✓ No server is running");
    expect(stdout).toContain("Nothing is wrong.");
    expect(code).toBe(0);
    expect(rig.model.requests).toHaveLength(1);
  });

  it("asks the running server what is wrong", async () => {
    await rig.start();
    const { stdout, code } = await doctor();
    expect(stdout).toMatch(/✓ The server runs \(process \d+, up for \d+ s\) and answers/);
    expect(code).toBe(0);
  });

  it("says that a killed server is in nobody's way", async () => {
    await rig.start();
    rig.server.kill();
    await rig.server.exited();
    const { stdout, code } = await doctor();
    expect(stdout).toMatch(/. (A server was killed|The workspace is in use, but)/);
    expect(code).toBe(0);
  });

  it("exits with 1 and a remedy when a token is refused", async () => {
    await rig.workspace.write(".env", "TELEGRAM_BOT_TOKEN=999:wrong\nDISCORD_BOT_TOKEN=\n");
    const { code, stdout } = await doctor();
    expect(code).toBe(1);
    expect(stdout).toMatch(/✗ The token is refused.*\n +→ .*BotFather/);
  });

  it("finds a webhook that is in the way, and deletes it when told to", async () => {
    await fetch(`${rig.telegram.url}/bot${rig.telegram.token}/setWebhook`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ url: "https://elsewhere.example/hook" }),
    });
    const found = await doctor();
    expect(found.code).toBe(1);
    expect(found.stdout).toContain(
      "✗ Telegram sends the updates to https://elsewhere.example/hook",
    );
    const { code, stdout } = await doctor("--delete-webhook");
    expect(stdout).toContain("✓ The webhook is deleted");
    expect(code).toBe(0);
  });

  it("exits with 1 when the model cannot be reached", async () => {
    await rig.workspace.configure({ llm: { api_base: "http://127.0.0.1:1/v1" } });
    const { code, stdout } = await doctor();
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /✗ openai-compatible\/fake-model at http:\/\/127\.0\.0\.1:1\/v1 does not/,
    );
  });

  it("names a broken agent, a dead letter, and who can read the secrets", async () => {
    await mkdir(rig.workspace.path("agents", "broken"));
    await rig.workspace.write("agents/broken/AGENT.md", "---\nname: [\n---\nHi\n");
    await mkdir(rig.workspace.path(".event", "failed"), { recursive: true });
    const name = "0000000000004096-m0123456789ab-0123456789abcdef.json";
    await writeFile(rig.workspace.path(".event", "failed", name), "{}");
    const { code, stdout } = await doctor();
    expect(code).toBe(1);
    expect(stdout).toMatch(/✗ .*agents\/broken\/AGENT\.md:\d+: /);
    expect(stdout).toContain("✗ 1 was given up");
    expect(stdout).toContain("! ");
  });

  it("lists every mistake in the configuration, and still looks at the rest", async () => {
    await rig.workspace.write("config.user.yaml", "defualt_agent: x\ndelivery: { speed: 1 }\n");
    const { code, stdout } = await doctor();
    expect(code).toBe(1);
    expect(stdout).toContain("✗ ");
    expect(stdout.match(/✗ /g)).toHaveLength(2);
    expect(stdout).toContain("✓ The disk takes events");
  });

  it("prints data with --json", async () => {
    const { code, stdout } = await doctor("--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      sections: [
        { about: "configuration" },
        { about: "disk", findings: [{ level: "ok" }] },
        { about: "server" },
        { about: "messages" },
        { about: "agents" },
        { about: "model" },
        { about: "channel telegram" },
      ],
    });
  });
});
