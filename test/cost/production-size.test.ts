import { expect, test } from "vitest";
import { productionSize } from "./production-size.ts";

// Who exceeds a limit with reason raises it here, and says so. Last counted: 173 packages, 50.3 MB.
test("an installation without development packages stays small", async () => {
  const { packages, files, bytes } = await productionSize();
  expect(packages).toBeGreaterThan(100);
  expect(packages).toBeLessThanOrEqual(180);
  expect(files).toBeLessThanOrEqual(7_300);
  expect(bytes / 1e6).toBeLessThanOrEqual(53);
});
