/** Takes the lock of the workspace that the first argument names, says so, and holds it until it is killed or told. */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { readBootId } from "../../src/runtime/boot-id.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { nodeFileOps } from "../../src/runtime/file-ops.ts";
import { acquireLock } from "../../src/workspace/lock.ts";
import { workspacePaths } from "../../src/workspace/paths.ts";
import { createRecordingLog } from "../builders/recording-log.ts";

const [, , root = "", platform = process.platform] = process.argv;
try {
  const lock = await acquireLock({
    paths: workspacePaths(root),
    files: nodeFileOps,
    clock: systemClock,
    log: createRecordingLog().log,
    host: {
      name: "this-host",
      boot: await readBootId(nodeFileOps, Date.now),
      pid: process.pid,
      platform: platform === "darwin" ? "darwin" : process.platform,
    },
    control: join(root, "control.sock"),
  });
  process.stdout.write(`held ${process.pid}\n`);
  process.stdin.once("data", () => {
    void lock.release().then(() => process.exit(0));
  });
  await delay(120_000);
} catch (error) {
  process.stdout.write(`refused ${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
}
