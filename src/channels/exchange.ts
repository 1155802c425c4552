import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as requestHttp,
} from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { asError, errorMessage } from "../runtime/errors.ts";
import { connectRemedy } from "./connect-remedy.ts";
import { ExchangeError } from "./exchange-error.ts";

export interface HttpCall {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** A library's own form of a signal will do. */
  readonly signal: Pick<AbortSignal, "aborted" | "addEventListener" | "removeEventListener">;
}

export interface HttpAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: IncomingHttpHeaders;
  /** The body, or as much of it as came. */
  readonly text: string;
  /** False: the connection ended before the answer did, or it was longer than anybody wants. */
  readonly isWhole: boolean;
}

/**
 * One HTTP request: never repeated, never sent elsewhere by a redirect. Resolves with whatever has a status; rejects
 * with an ExchangeError, which knows whether anything of the request was written.
 */
export type Exchange = (url: string, call: HttpCall) => Promise<HttpAnswer>;

/** A connection that nobody used for so long may be dead without a sign: a send on it would be ambiguous. */
const IDLE_CONNECTION_MS = 10_000;

/** Many times what the longest batch of updates takes. */
const LONGEST_ANSWER = 32 * 1024 * 1024;

/** For requests to one server, whose address begins with http: or https:. */
export function createExchange(root: string): Exchange {
  const isSecure = root.startsWith("https:");
  const options = { keepAlive: true, timeout: IDLE_CONNECTION_MS };
  const agent = isSecure ? new HttpsAgent(options) : new HttpAgent(options);
  const request = isSecure ? requestHttps : requestHttp;
  /** When the first byte of a request can leave. */
  const open = isSecure ? "secureConnect" : "connect";
  const begin = (url: string, { method, headers }: HttpCall): ClientRequest => {
    try {
      return request(url, { agent, method, headers });
    } catch (error) {
      throw notSent(asError(error));
    }
  };
  return async (url, call) => {
    const { signal } = call;
    if (signal.aborted) throw notSent(new Error("given up before it was sent"));
    const sending = begin(url, call);
    const isWritten = watchOpening(sending, open);
    const giveUp = () =>
      void sending.destroy(new Error(`no ${isWritten() ? "answer" : "connection"} in time`));
    const fail = (error: Error) => (isWritten() ? unanswered(error) : notSent(error));
    signal.addEventListener("abort", giveUp);
    try {
      return await new Promise<HttpAnswer>((resolve, reject) => {
        let hasHead = false;
        sending.once("response", (response) => {
          hasHead = true;
          // From then on nothing rejects: the head counts, whatever becomes of the connection.
          resolve(collect(response));
        });
        sending.on("error", (error) => reject(fail(error)));
        // Without an error too, as with an answer that changes the protocol.
        sending.once("close", () => {
          if (!hasHead) reject(fail(new Error("closed without an answer")));
        });
        sending.end(call.body);
      });
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  };
}

/**
 * Whether a byte of the request may have left. Until a new connection is open, with TLS until the other side has
 * proved who it is, Node holds everything back; on one that is used again it writes at once.
 */
function watchOpening(sending: ClientRequest, open: "connect" | "secureConnect"): () => boolean {
  let isWritten = false;
  sending.once("socket", (socket) => {
    if (sending.reusedSocket) isWritten = true;
    else {
      socket.once(open, () => {
        isWritten = true;
      });
    }
  });
  return () => isWritten;
}

function collect(response: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let length = 0;
  response.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length > LONGEST_ANSWER) response.destroy();
  });
  response.on("error", () => {
    // "close" follows, and `isWhole` says that it was cut off.
  });
  return new Promise<void>((resolve) => {
    response.once("end", resolve);
    response.once("close", resolve);
  }).then(() => ({
    status: response.statusCode ?? 0,
    statusText: response.statusMessage ?? "",
    headers: response.headers,
    text: Buffer.concat(chunks).toString("utf8"),
    isWhole: response.complete,
  }));
}

const notSent = (cause: Error) =>
  new ExchangeError(reasonOf(cause), { sent: "no", remedy: connectRemedy(cause), cause });

const unanswered = (cause: Error) => new ExchangeError(reasonOf(cause), { sent: "unknown", cause });

/** Where each address of a name has refused, there are no words but theirs. */
function reasonOf(error: Error): string {
  const all = error instanceof AggregateError ? error.errors : [error];
  const words = all.map((each) => errorMessage(each)).filter((text) => text !== "");
  return words.join("; ") || error.name;
}
