import { appendFile } from "node:fs/promises";
import { createContext } from "../../src/cli/context.ts";
import { openHost } from "../../src/cli/open-host.ts";

/*
 * `my-bot server` on the current folder, with one tool more: `press` writes a line into the file that is named by the
 * first argument, and never ends. The second argument says whether it is "safe" to repeat.
 */
const [file = "", safety] = process.argv.slice(2);
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
const host = await openHost(createContext({ workspace: process.cwd() }), {
  mode: "server",
  announce: () => undefined,
  log: { kind: "json" },
  stop: stop.signal,
  tools: [
    {
      name: "press",
      description: "Presses the button.",
      parameters: { type: "object", properties: {}, additionalProperties: false },
      safeToRepeat: safety === "safe",
      async run() {
        await appendFile(file, "pressed\n");
        return new Promise<string>(() => undefined);
      },
    },
  ],
});
try {
  await host.run({ stop: stop.signal, abort: AbortSignal.any([]) });
} finally {
  await host.close();
}
