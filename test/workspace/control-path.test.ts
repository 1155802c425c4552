import fs from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { UserError } from "../../src/runtime/errors.ts";
import { nodeFileOps } from "../../src/runtime/file-ops.ts";
import { controlPath, type SocketHost } from "../../src/workspace/control-path.ts";
import { tempFolder } from "../builders/temp-folder.ts";

const uid = process.getuid?.() ?? 0;

async function surroundings(given: Partial<SocketHost> = {}) {
  const temporaryFolder = await tempFolder();
  const root = await tempFolder();
  const host: SocketHost = { platform: "linux", uid, temporaryFolder, ...given };
  return {
    root,
    temporaryFolder,
    find: (of = root) => controlPath(of, { files: nodeFileOps, host }),
  };
}

describe("controlPath", () => {
  test("is a short name in a folder of one's own, the same each time", async () => {
    const { find, temporaryFolder } = await surroundings();
    const path = await find();
    expect(path).toMatch(new RegExp(`^${temporaryFolder}/my-bot-${uid}/[0-9a-f]{16}\\.sock$`));
    expect(await find()).toBe(path);
    expect((await fs.stat(join(path, ".."))).mode & 0o777).toBe(0o700);
  });

  test("is in the runtime folder where there is one", async () => {
    const runtimeFolder = await tempFolder();
    const { find } = await surroundings({ runtimeFolder });
    expect(await find()).toMatch(new RegExp(`^${runtimeFolder}/my-bot/[0-9a-f]{16}\\.sock$`));
  });

  test("depends on the folder, not on how it is called", async () => {
    const { find, root } = await surroundings();
    const link = join(await tempFolder(), "link");
    await fs.symlink(root, link);
    expect(await find(link)).toBe(await find(root));
    expect(await find(await tempFolder())).not.toBe(await find(root));
  });

  test("never exceeds what a socket's name can hold", async () => {
    const runtimeFolder = join(await tempFolder(), "x".repeat(90));
    const { find, temporaryFolder } = await surroundings({ runtimeFolder });
    const path = await find();
    expect(path.startsWith(temporaryFolder)).toBe(true);
    expect(Buffer.byteLength(path)).toBeLessThanOrEqual(100);
  });

  test("is not put where somebody else could have put it", async () => {
    const { find, temporaryFolder } = await surroundings();
    const folder = join(temporaryFolder, `my-bot-${uid}`);
    await fs.mkdir(folder);
    await fs.chmod(folder, 0o777);
    expect((await find()).startsWith(folder)).toBe(false);
  });

  test("says what to do if there is no folder for it", async () => {
    const root = await tempFolder();
    const host: SocketHost = {
      platform: "linux",
      uid: uid + 1,
      temporaryFolder: await tempFolder(),
    };
    const finding = controlPath(root, {
      host,
      files: {
        ...nodeFileOps,
        makeDirectory: async () => {},
        identity: async (path) => ({
          ...(await nodeFileOps.identity(root)),
          mode: path === root ? 0o700 : 0o777,
        }),
      },
    });
    await expect(finding).rejects.toThrow(UserError);
    await expect(finding).rejects.toThrow("set XDG_RUNTIME_DIR to one of your own");
  });

  test("is a named pipe on Windows", async () => {
    const { find } = await surroundings({ platform: "win32", uid: undefined });
    expect(await find()).toMatch(/^\\\\\.\\pipe\\my-bot-[0-9a-f]{16}$/);
  });
});
