import type { TerminalClient } from "../../channels/terminal/channel.ts";
import { assertNever } from "../../runtime/assert-never.ts";
import { UserError } from "../../runtime/errors.ts";
import type { Chat } from "./chat.ts";
import { type ControlConnection, openControl } from "./control-client.ts";
import { writeFrame } from "./frames.ts";
import {
  type ChatClientFrame,
  type ChatServerFrame,
  chatGrantedSchema,
  chatServerFrameSchema,
} from "./protocol.ts";

/** Talks to the server that runs in another process. Undefined if none does. */
export async function joinChat(
  socketPath: string,
  kind: TerminalClient["kind"],
  clientFor: (agent: string) => TerminalClient,
): Promise<Chat | undefined> {
  const connection = await openControl(socketPath, { method: "chat", kind });
  if (!connection) return undefined;
  const client = clientFor(chatGrantedSchema.parse(connection.result).agent);
  const questions = createQuestions();
  const write = (frame: ChatClientFrame) => writeFrame(connection.socket, frame);
  const lost = listen(connection, { client, questions, write });
  const ask = (frame: (n: number) => ChatClientFrame) => questions.ask((n) => write(frame(n)));
  return {
    say: (text) => ask((n) => ({ type: "say", n, text })),
    settled: () => ask((n) => ({ type: "settle", n })),
    lost,
    close: () => void connection.socket.destroy(),
  };
}

interface Listening {
  readonly client: TerminalClient;
  readonly questions: Questions;
  write(frame: ChatClientFrame): void;
}

/** Resolves when the server is gone. Never rejects. */
async function listen({ frames, socket }: ControlConnection, deps: Listening): Promise<void> {
  const gone = new AbortController();
  try {
    for await (const frame of frames) take(chatServerFrameSchema.parse(frame), deps, gone.signal);
  } catch {
    // However the connection ended, what was asked and not answered says so.
  } finally {
    socket.destroy();
    gone.abort();
    deps.questions.giveUp(new UserError("Cannot reach the server any more"));
  }
}

function take(frame: ChatServerFrame, { client, questions, write }: Listening, gone: AbortSignal) {
  switch (frame.type) {
    case "show":
      return void client.show(frame.text, gone).then(
        () => write({ type: "shown", n: frame.n }),
        // Not confirmed: the server keeps it. Whoever owns the terminal reports its failure.
        () => undefined,
      );
    case "typing":
      return client.typing?.();
    case "said":
    case "settled":
      return questions.answer(frame.n);
    case "refused":
      return questions.answer(frame.n, new UserError(frame.reason));
    default:
      return assertNever(frame);
  }
}

interface Questions {
  ask(send: (n: number) => void): Promise<void>;
  answer(n: number, error?: Error): void;
  giveUp(error: Error): void;
}

function createQuestions(): Questions {
  const open = new Map<number, (error?: Error) => void>();
  let count = 0;
  let over: Error | undefined;
  return {
    ask: (send) =>
      new Promise((resolve, reject) => {
        if (over) return reject(over);
        count += 1;
        open.set(count, (error) => (error ? reject(error) : resolve()));
        send(count);
      }),
    answer(n, error) {
      open.get(n)?.(error);
      open.delete(n);
    },
    giveUp(error) {
      over = error;
      for (const answer of open.values()) answer(error);
      open.clear();
    },
  };
}
