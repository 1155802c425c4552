import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { errorMessage } from "../../runtime/errors.ts";
import { createSerial } from "../../runtime/serial.ts";
import type { TelegramOptions } from "./options.ts";

type WebhookOptions = NonNullable<TelegramOptions["webhook"]>;

export interface WebhookServer {
  /** Resolves when it listens; does nothing when it does already. Rejects if the port cannot be had. */
  listen(): Promise<void>;
  /** Takes no more connections; resolves when what was being taken is answered. */
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 1024 * 1024;

/** `take` gets one update at a time, in order of arrival; 200 when it resolves, 503 when it rejects. */
export function createWebhookServer(
  options: WebhookOptions,
  take: (update: unknown) => Promise<void>,
): WebhookServer {
  const path = new URL(options.url).pathname;
  const reading = new Set<IncomingMessage>();
  const serial = createSerial();
  const inOrder = (update: unknown): Promise<void> => serial(() => take(update));
  const answering = new Set<Promise<void>>();
  const server = createServer((request, response) => {
    reading.add(request);
    request.once("close", () => reading.delete(request));
    const answer = serve(request, { ...options, path, take: inOrder }).then((status) =>
      respond(response, status),
    );
    answering.add(answer);
    void answer.finally(() => answering.delete(answer));
  });
  return {
    listen: () => (server.listening ? Promise.resolve() : listen(server, options)),
    async close() {
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const request of reading) if (!request.complete) request.destroy();
      await Promise.all(answering);
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The webhook's host and port cannot be listened on. */
export class CannotListenError extends Error {
  override readonly name = "CannotListenError";
}

function listen(server: Server, { host, port }: WebhookOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) =>
      reject(
        new CannotListenError(`Cannot listen on ${host}:${port}: ${errorMessage(error)}`, {
          cause: error,
        }),
      );
    server.once("error", refuse);
    server.listen(port, host, () => {
      server.removeListener("error", refuse);
      resolve();
    });
  });
}

interface Endpoint {
  readonly path: string;
  readonly secretToken: string;
  take(update: unknown): Promise<void>;
}

/** The HTTP status of the answer. Must not reject. */
async function serve(request: IncomingMessage, endpoint: Endpoint): Promise<number> {
  if (request.url?.split("?")[0] !== endpoint.path) return 404;
  if (request.method !== "POST") return 405;
  if (!isSecret(request.headers["x-telegram-bot-api-secret-token"], endpoint.secretToken)) {
    return 401;
  }
  try {
    const body = await readBody(request);
    if (body === undefined) return 413;
    await endpoint.take(parseJson(body));
    return 200;
  } catch {
    // Reported by `take` where it matters; Telegram posts the update again.
    return 503;
  }
}

function isSecret(given: string | string[] | undefined, wanted: string): boolean {
  if (typeof given !== "string") return false;
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Undefined if it is too long. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  if (Number(request.headers["content-length"] ?? 0) > MAX_BODY_BYTES) return undefined;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** What is no JSON goes on as text, to be put aside: posted again, it would be no better. */
function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // Reported by `take`, which cannot read a text as an update.
    return body;
  }
}

/** Resolves when the answer has left, or the connection is gone. */
function respond(response: ServerResponse, status: number): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) return resolve();
    response.once("close", resolve);
    return response.writeHead(status, { "content-length": 0, connection: "close" }).end();
  });
}
