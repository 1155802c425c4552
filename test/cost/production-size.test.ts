import { expect, test } from "vitest";
import { productionSize } from "./production-size.ts";

// Who exceeds a limit with reason raises it here, and says so. Last counted: 114 packages, 50.3 MB.
test("an installation without development packages stays small", async () => {
  const { packages, files, bytes } = await productionSize();
  expect(packages).toBeGreaterThan(100);
  expect(packages).toBeLessThanOrEqual(120);
  expect(files).toBeLessThanOrEqual(6_400);
  expect(bytes / 1e6).toBeLessThanOrEqual(52);
});
