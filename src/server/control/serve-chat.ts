import type { TerminalClient } from "../../channels/terminal/channel.ts";
import { assertNever } from "../../runtime/assert-never.ts";
import { errorMessage } from "../../runtime/errors.ts";
import { type Chat, type ChatDeps, openChat } from "./chat.ts";
import { type ChatClientFrame, type ChatServerFrame, chatClientFrameSchema } from "./protocol.ts";

/** The other end of a `chat` connection. */
export interface Peer {
  /** Frames after the request, until the connection ends. */
  readonly frames: AsyncIterable<unknown>;
  /** Dropped if the connection is gone. */
  write(frame: ChatServerFrame): void;
  /** Whether what was written piles up. */
  isBehind(): boolean;
}

/** A client in another process: what is shown counts as shown when that process says so. */
interface RemoteClient extends TerminalClient {
  onShown(n: number): void;
  /** Whatever was not confirmed may have been seen, or not. */
  onLost(): void;
}

/** Resolves when the client has left; rejects if it breaks the protocol. */
export async function serveChat(
  deps: ChatDeps,
  kind: TerminalClient["kind"],
  peer: Peer,
): Promise<void> {
  const client = createRemoteClient(kind, peer);
  const chat = openChat(deps, client);
  try {
    for await (const frame of peer.frames) {
      take(chat, client, { frame: chatClientFrameSchema.parse(frame), write: peer.write });
    }
  } finally {
    chat.close();
    client.onLost();
  }
}

interface Taken {
  readonly frame: ChatClientFrame;
  readonly write: Peer["write"];
}

function take(chat: Chat, client: RemoteClient, { frame, write }: Taken): void {
  const { n } = frame;
  switch (frame.type) {
    case "say":
      void chat.say(frame.text).then(
        () => write({ type: "said", n }),
        (error) => write({ type: "refused", n, reason: errorMessage(error) }),
      );
      return;
    case "shown":
      client.onShown(n);
      return;
    case "settle":
      void chat.settled().then(() => write({ type: "settled", n }));
      return;
    default:
      assertNever(frame);
  }
}

interface Showing {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

function createRemoteClient(kind: TerminalClient["kind"], peer: Peer): RemoteClient {
  const showings = new Map<number, Showing>();
  let count = 0;
  return {
    kind,
    async show(text, signal) {
      count += 1;
      const n = count;
      const onAbort = () => showings.get(n)?.reject(new Error("stopping"));
      signal.addEventListener("abort", onAbort, { once: true });
      try {
        await new Promise<void>((resolve, reject) => {
          showings.set(n, { resolve, reject });
          peer.write({ type: "show", n, text });
        });
      } finally {
        showings.delete(n);
        signal.removeEventListener("abort", onAbort);
      }
    },
    typing() {
      if (!peer.isBehind()) peer.write({ type: "typing" });
    },
    onShown: (n) => showings.get(n)?.resolve(),
    onLost() {
      for (const { reject } of showings.values()) reject(new Error("the client has left"));
    },
  };
}
