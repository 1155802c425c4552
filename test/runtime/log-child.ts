/** Logs to its standard output, as the first argument says; tells on standard error how it went. */
import { setTimeout as delay } from "node:timers/promises";
import { createLog } from "../../src/runtime/create-log.ts";
import { nodeFileOps } from "../../src/runtime/file-ops.ts";
import { createRedactor } from "../../src/runtime/redact.ts";

const how = process.argv[2];
const failures: string[] = [];
const { log, close } = await createLog({
  level: "info",
  destination: how === "pretty" ? { kind: "pretty", color: false } : { kind: "json" },
  redactor: createRedactor(["sk-very-secret"]),
  files: nodeFileOps,
  onFailure: (error) => failures.push(error.message),
});

if (how === "flood") {
  for (let sent = 0; sent < 8_000_000; sent += 1_000)
    log.info({ filler: "x".repeat(1_000) }, "flood");
  await delay(10);
  process.stderr.write(`not held up, ${failures.length > 0 ? "dropped" : "all taken"}\n`);
  await delay(60_000);
} else if (how === "gone") {
  for (let tries = 0; tries < 1_000 && failures.length === 0; tries += 1) {
    log.info("anybody there?");
    await delay(5);
  }
  log.info("on my own");
  await close();
  process.stderr.write("closed\n");
} else {
  log.info({ event: "7" }, "hello sk-very-secret");
  await close();
}
