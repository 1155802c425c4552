import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/global-setup.ts",
    // Two cores: more forks only make the tests that watch a real child process wait for each other.
    maxWorkers: 3,
    // For a machine that is busy with other things: a test that hangs is the exception.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ["default", ["json", { outputFile: "test-results.json" }]],
  },
});
