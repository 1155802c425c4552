import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Cli, createCli } from "./run-cli.ts";

describe("my-bot", () => {
  let cli: Cli;

  beforeEach(async () => {
    cli = await createCli();
  });
  afterEach(() => cli.close());

  const text = (path: string) => readFile(path, "utf8");

  it("explains itself with examples and exit codes", async () => {
    const { code, stdout, stderr } = await cli.run(["--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const word of [
      "server",
      "chat",
      "init",
      "status",
      "doctor",
      "channels",
      "outbox",
      "pair",
    ]) {
      expect(stdout).toMatch(new RegExp(`^  ${word}\\b`, "m"));
    }
    expect(stdout).toContain("Examples:");
    expect(stdout).toContain("Exit codes:");
    expect((await cli.run([])).stdout).toBe(stdout);
  });

  it("prints the version of the package", async () => {
    const { version } = JSON.parse(
      await text(new URL("../../package.json", import.meta.url).pathname),
    );
    expect(await cli.run(["--version"])).toMatchObject({ code: 0, stdout: `${version}\n` });
  });

  it.each([[["nonsense"]], [["status", "--nonsense"]], [["outbox", "show"]], [["pair"]], [["-w"]]])(
    "exits with 2 when it is called as %j",
    async (args) => {
      const { code, stdout, stderr } = await cli.run(args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toContain("error: ");
    },
  );

  it("takes the workspace before and after the command's name", async () => {
    const workspace = join(cli.home, "here");
    await cli.run(["init", "-w", workspace]);
    for (const args of [
      ["-w", workspace, "channels", "--json"],
      ["channels", "--json", "-w", workspace],
      ["--json", "channels", "--workspace", workspace],
      ["--workspace", "here", "--json", "channels"],
    ]) {
      expect(JSON.parse((await cli.run(args)).stdout)).toMatchObject({ running: false });
    }
    expect((await cli.run(["outbox", "list", "--json", "-w", workspace])).stdout).toContain(
      "entries",
    );
  });

  it("uses the current folder if it is a workspace, else the one in the home folder", async () => {
    const here = join(cli.home, "here");
    await cli.run(["init", "-w", here]);
    const inHere = await cli.run(["status", "--json"], { cwd: here });
    expect(JSON.parse(inHere.stdout).workspace).toBe(here);
    const elsewhere = await cli.run(["status", "--json"]);
    expect(JSON.parse(elsewhere.stdout).workspace).toBe(join(cli.home, ".my-bot"));
  });

  it("reads .env of the current folder too", async () => {
    const workspace = join(cli.home, "here");
    await cli.run(["init", "-w", workspace]);
    await writeFile(join(cli.home, ".env"), "TELEGRAM_BOT_TOKEN=12345:abcdefgh\n");
    const { stdout } = await cli.run(["channels", "-w", workspace]);
    expect(stdout).toMatch(/telegram +telegram +on, lets in: nobody/);
  });

  it("ends well when nobody reads its output", async () => {
    const running = cli.start(["--help"]);
    running.child.stdout?.destroy();
    const { code, stderr } = await running.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  describe("init", () => {
    const init = (...args: readonly string[]) =>
      cli.run(["init", "-w", join(cli.home, "w"), ...args]);
    const file = (name: string) => join(cli.home, "w", name);

    it("copies the shipped workspace, closed to others, and says what to do next", async () => {
      const { code, stdout } = await init();
      expect(code).toBe(0);
      expect(stdout).toContain("Next:");
      expect((await stat(file("config.user.yaml"))).mode & 0o077).toBe(0);
      expect(await text(file("agents/pickle/AGENT.md"))).toContain("name: Pickle");
      expect(await stat(file(".env")).catch(() => "none")).toBe("none");
    });

    it("puts secrets into .env and refers to them", async () => {
      const { code, stdout } = await init(
        ...["--provider", "openai", "--model", "gpt-x", "--api-key", "sk-secret#1"],
        ...["--telegram-token", "123:abc", "--json"],
      );
      expect(code).toBe(0);
      expect(JSON.parse(stdout).created).toContain("config.user.yaml");
      const config = await text(file("config.user.yaml"));
      expect(config).toContain("provider: openai\n");
      expect(config).toMatch(/api_key: \$\{LLM_API_KEY\}/);
      expect(config).toMatch(/token: \$\{TELEGRAM_BOT_TOKEN:-\}/);
      expect(config).not.toContain("secret#1");
      expect(await text(file(".env"))).toBe(
        "LLM_API_KEY='sk-secret#1'\nTELEGRAM_BOT_TOKEN=123:abc\n",
      );
      expect((await stat(file(".env"))).mode & 0o077).toBe(0);
      const channels = JSON.parse((await cli.run(["channels", "--json", "-w", file("")])).stdout);
      expect(channels.channels).toMatchObject([{ name: "telegram", access: "nobody" }]);
    });

    it("never changes what is there", async () => {
      await mkdir(file("agents/pickle"), { recursive: true });
      await writeFile(file("agents/pickle/AGENT.md"), "mine");
      await writeFile(file(".env"), "OTHER=1");
      await init("--discord-token", "abc");
      expect(await text(file("agents/pickle/AGENT.md"))).toBe("mine");
      expect(await text(file(".env"))).toBe("OTHER=1\nDISCORD_BOT_TOKEN=abc\n");
      const before = await text(file("config.user.yaml"));
      const again = await init("--provider", "offline");
      expect(again.code).toBe(1);
      expect(again.stderr).toContain("it is there already");
      expect((await init()).stdout).toContain("nothing was changed");
      expect(await text(file("config.user.yaml"))).toBe(before);
    });

    it("says in words why a folder cannot be used", async () => {
      await writeFile(join(cli.home, "file"), "");
      const { code, stderr } = await cli.run(["init", "-y", "-w", join(cli.home, "file", "ws")]);
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /^my-bot: Cannot use \S+\/file\S*: .* \(E[A-Z]+\); name another workspace with -w\n$/,
      );
    });

    it.each([
      [["--provider", "nonsense"], "provider: "],
      [["--model", "x"], "--provider is missing"],
      [["--provider", "openai", "--model", "x"], "api_key: "],
    ])("refuses %j with 2 and writes nothing", async (args, reason) => {
      const { code, stderr } = await init(...args);
      expect(code).toBe(2);
      expect(stderr).toContain(reason);
      expect(await stat(file("")).catch(() => "none")).toBe("none");
    });
  });
});
