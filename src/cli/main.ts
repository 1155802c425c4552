import { CommanderError } from "commander";
import { asError, UserError } from "../runtime/errors.ts";
import { EXIT } from "./context.ts";
import { flushed, printError, tolerateClosedPipes } from "./output.ts";
import { createProgram } from "./program.ts";
import { describeSystemError } from "./system-error.ts";

/** What a failure is to the person at the terminal: a mistake is told in one line, a bug with its stack. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof UserError) {
    for (const line of error.message.split("\n")) printError(`my-bot: ${line}`);
    return error.exitCode;
  }
  // The machine said no (a file where a folder should be, no permission, a full disk): no stack explains it better.
  const isSystems = error instanceof Error && "syscall" in error;
  printError(`my-bot: ${isSystems ? describeSystemError(error) : asError(error).stack}`);
  return EXIT.problem;
}

async function main(): Promise<number> {
  try {
    return await createProgram().run(process.argv.slice(2));
  } catch (error) {
    return report(error);
  }
}

tolerateClosedPipes();
const code = await main();
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
process.exit(code);
