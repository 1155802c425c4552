import { Command } from "commander";
import {
  type CommandContext,
  createContext,
  EXIT,
  type GlobalOptions,
  readVersion,
} from "./context.ts";
import { EXAMPLES, EXIT_CODES } from "./help.ts";

/** What a command does; resolves with the exit code. */
type Run<O> = (context: CommandContext, options: O, args: readonly string[]) => Promise<number>;

export interface Program {
  /** Resolves with the exit code; rejects with a CommanderError on a wrong call. */
  run(argv: readonly string[]): Promise<number>;
}

export function createProgram(): Program {
  let exitCode: number = EXIT.ok;
  const program = withGlobals(new Command("my-bot"))
    .description("A self-hosted bot server that never loses a message and never answers twice")
    .version(readVersion(), "-V, --version", "print the version")
    .helpCommand("help [command]", "explain a command")
    .addHelpText("after", `\n${EXAMPLES}\n\n${EXIT_CODES}`)
    .showHelpAfterError("(my-bot --help explains everything)")
    .exitOverride();

  /** The command's own options are known only to whoever runs it: `O`. */
  const act = <O extends object>(command: Command, run: Run<O>) =>
    withGlobals(command).action(async function (this: Command) {
      const options = this.optsWithGlobals<GlobalOptions & O>();
      exitCode = await run(createContext(options), options, this.args);
    });

  addServing(program, act);
  addLooking(program, act);
  addOutbox(program, act);
  return {
    async run(argv) {
      if (argv.length === 0) program.outputHelp();
      else await program.parseAsync(argv, { from: "user" });
      return exitCode;
    },
  };
}

type Act = <O extends object>(command: Command, run: Run<O>) => Command;

/** Given before or after the command's name. */
function withGlobals(command: Command): Command {
  return command
    .option(
      "-w, --workspace <folder>",
      "the workspace (default: this folder if it is one, else ~/.my-bot)",
    )
    .option("--json", "print data for programs, where there is some");
}

// Each command loads what it needs when it runs, so that the others start fast.

function addServing(program: Command, act: Act): void {
  act(
    program
      .command("server")
      .description("run the server; on a terminal, chat with it at once")
      .option("--init", "make the workspace first if there is none")
      .option("--no-chat", "show the log instead of the chat on a terminal (--json: as JSON)"),
    async (context, options: { init?: boolean; chat: boolean }) => {
      const { runServer } = await import("./commands/server.ts");
      return runServer(context, { init: options.init ?? false, chat: options.chat });
    },
  );
  act(
    program
      .command("chat")
      .description(
        "talk to the bot here: with the running server, or without one; lines can be piped in, and --json prints a line for each reply",
      ),
    async (context) => (await import("./commands/chat.ts")).runChat(context),
  );
  act(
    program
      .command("init")
      .description("make a workspace; what is there already is never changed")
      .option("--provider <name>", "offline, openai, anthropic, google or openai-compatible")
      .option("--model <name>", "the model")
      .option("--api-key <key>", "the model's key; goes into .env")
      .option("--api-base <url>", "address of an openai-compatible server")
      .option("--telegram-token <token>", "from @BotFather; goes into .env")
      .option("--discord-token <token>", "from the developer portal; goes into .env")
      .option("-y, --yes", "ask nothing"),
    async (context, options: import("./commands/init.ts").InitOptions) =>
      (await import("./commands/init.ts")).runInit(context, options),
  );
}

function addLooking(program: Command, act: Act): void {
  act(
    program
      .command("status")
      .description("how the running server is; exit code 1 if something is wrong"),
    async (context) => (await import("./commands/status.ts")).runStatus(context),
  );
  act(
    program.command("channels").description("the channels, how they are, and what to do about it"),
    async (context) => (await import("./commands/channels.ts")).runChannels(context),
  );
  act(
    program
      .command("doctor")
      .description("look for what is wrong: configuration, disk, tokens, model")
      .option("--delete-webhook", "delete the webhooks of Telegram bots that are to be polled"),
    async (context, options: { deleteWebhook?: boolean }) =>
      (await import("./commands/doctor.ts")).runDoctor(context, {
        deleteWebhook: options.deleteWebhook ?? false,
      }),
  );
  act(
    program
      .command("pair")
      .description("let in the person who was given this code")
      .argument("<code>", "what they got when they sent /pair to the bot"),
    async (context, _, [code = ""]) => (await import("./commands/pair.ts")).runPair(context, code),
  );
}

function addOutbox(program: Command, act: Act): void {
  const outbox = program
    .command("outbox")
    .description(
      "what is owed and what was given up: messages without an answer, replies not delivered",
    );
  const REF = "the beginning of its name, as far as it is the only one";
  act(
    outbox.command("list", { isDefault: true }).description("list it, oldest first"),
    async (context) => (await import("./commands/outbox.ts")).listOutbox(context),
  );
  act(
    outbox
      .command("show")
      .description("show one with all that is known about it")
      .argument("<ref>", REF),
    async (context, _, [ref = ""]) =>
      (await import("./commands/outbox.ts")).showEntry(context, ref),
  );
  act(
    outbox.command("retry").description("try it again, now").argument("<ref>", REF),
    async (context, _, [ref = ""]) =>
      (await import("./commands/outbox.ts")).decide(context, "retry", ref),
  );
  act(
    outbox.command("discard").description("count it as done, and forget it").argument("<ref>", REF),
    async (context, _, [ref = ""]) =>
      (await import("./commands/outbox.ts")).decide(context, "discard", ref),
  );
}
