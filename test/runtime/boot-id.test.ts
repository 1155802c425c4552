import { describe, expect, test } from "vitest";
import { readBootId } from "../../src/runtime/boot-id.ts";
import { nodeFileOps } from "../../src/runtime/file-ops.ts";

const missing = { read: () => Promise.reject(new Error("ENOENT")) };
const onLinux = process.platform === "linux";

describe("readBootId", () => {
  test("names this boot, the same each time", async () => {
    const id = await readBootId(nodeFileOps, Date.now);
    expect(id).toMatch(onLinux ? /^[0-9a-f-]{36}$/ : /./);
    expect(await readBootId(nodeFileOps, () => 0)).toBe(id);
  });

  // macOS asks the kernel, not a file.
  test.runIf(onLinux)("takes the time of the boot where the kernel names none", async () => {
    const id = await readBootId(missing, Date.now);
    expect(id).toMatch(/^up-\d+$/);
    const tens = (text: string) => Number(text.slice(3));
    const again = await readBootId({ read: async () => "\n" }, Date.now);
    // On the edge between two steps of the grid it may be the neighbour.
    expect(Math.abs(tens(again) - tens(id))).toBeLessThanOrEqual(1);
    const later = await readBootId(missing, () => Date.now() + 3_600_000);
    expect(tens(later) - tens(id)).toBeGreaterThanOrEqual(359);
  });
});
