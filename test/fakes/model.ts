import { once } from "node:events";
import http from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { type ChatCompletionRequest, type FixtureResponse, LLMock } from "@copilotkit/aimock";

/** What the fake does with one request. `text` is the answer it gives, or would have given. */
export type ModelBehaviour =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "tool-call"; readonly name: string; readonly input: unknown }
  /** Answers after a time, or when the promise resolves. */
  | { readonly kind: "slow"; readonly text: string; readonly until: number | Promise<unknown> }
  /** An error in the form of the API that was called. */
  | {
      readonly kind: "error";
      readonly status: number;
      readonly message?: string;
      readonly code?: string;
      /** Seconds. */
      readonly retryAfter?: number;
    }
  /** Sends the first events of the stream (0: not even the status), then nothing, and leaves the connection open. */
  | { readonly kind: "stall"; readonly text: string; readonly events: number }
  /** Sends the first events of the stream, then cuts the connection. */
  | { readonly kind: "die"; readonly text: string; readonly events: number }
  /** Sends the first events of the stream, then ends it as if it were whole. */
  | { readonly kind: "end-early"; readonly text: string; readonly events: number }
  /** Exactly this; `open` leaves the connection open behind it. */
  | {
      readonly kind: "raw";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body: string;
      readonly open?: boolean;
    };

export interface ModelRequest {
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  /** In the form of OpenAI's chat completions, whatever API was called. */
  readonly body: ChatCompletionRequest;
  /** The last user message. */
  readonly text: string;
  /** "abandoned": the client hung up before the answer was whole. */
  state: "open" | "answered" | "abandoned";
}

export interface FakeModel {
  readonly url: string;
  /** For openai, openai-compatible and anthropic. */
  readonly apiBase: string;
  /** For google. */
  readonly googleApiBase: string;
  /** All requests so far, in order of arrival; each is one model call. */
  readonly requests: readonly ModelRequest[];
  /** Behaviours for the next requests, one each, in order. They come before the rule. */
  next(...behaviours: readonly ModelBehaviour[]): void;
  /** What happens with each request from now on; `undefined` leaves it to the echo: "echo: <text>". */
  answer(rule: (request: ModelRequest) => ModelBehaviour | undefined): void;
  /** Called at once when a request has arrived whole, before anything is answered. */
  onRequest: ((request: ModelRequest) => void) | undefined;
  /** Called at once when the whole answer has been handed to the system for sending. */
  onAnswered: ((request: ModelRequest) => void) | undefined;
  stop(): Promise<void>;
}

/** aimock behind a pass-through proxy, which sees when requests come and go, and can spoil the answers in between. */
export async function startFakeModel(options: { readonly port?: number } = {}): Promise<FakeModel> {
  const calls = new Map<string, { behaviour: ModelBehaviour; request: ModelRequest }>();
  const arrived = new Map<string, http.IncomingMessage>();
  const scripted: ModelBehaviour[] = [];
  const requests: ModelRequest[] = [];
  let rule: (request: ModelRequest) => ModelBehaviour | undefined = () => undefined;
  let count = 0;

  const mock = new LLMock({ port: 0, host: "127.0.0.1", logLevel: "silent", chunkSize: 8 });
  mock.addFixture({
    match: {},
    async response(body) {
      const id = body._context ?? "";
      const message = arrived.get(id);
      if (!message) throw new Error("Cannot answer: the request did not come through the proxy");
      arrived.delete(id);
      const request: ModelRequest = {
        path: message.url ?? "",
        headers: message.headers,
        body,
        text: lastUserText(body),
        state: "open",
      };
      requests.push(request);
      fake.onRequest?.(request);
      const behaviour = scripted.shift() ??
        rule(request) ?? { kind: "text", text: `echo: ${request.text}` };
      calls.set(id, { behaviour, request });
      if (behaviour.kind === "slow") await wait(behaviour.until);
      return fixtureResponse(behaviour);
    },
  });
  await mock.start();

  const server = http.createServer((req, res) => {
    const id = String(++count);
    arrived.set(id, req);
    const upstream = http.request(`${mock.url}${req.url}`, {
      method: req.method ?? "GET",
      headers: { ...req.headers, "x-aimock-context": id },
    });
    res.on("close", () => {
      upstream.destroy();
      const request = calls.get(id)?.request;
      calls.delete(id);
      arrived.delete(id);
      if (request?.state === "open") request.state = "abandoned";
    });
    // An upstream that was cut off by us has nobody left to tell.
    upstream.on("error", () => res.destroy());
    upstream.on("response", async (answer) => {
      const body = await readUnlessCut(answer);
      const call = calls.get(id);
      if (!body) return;
      res.on("finish", () => {
        if (!call) return;
        call.request.state = "answered";
        fake.onAnswered?.(call.request);
      });
      deliver(
        { res, status: answer.statusCode ?? 500, headers: answer.headers, body },
        call?.behaviour,
      );
    });
    req.pipe(upstream);
  });
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;

  const fake: FakeModel = {
    url,
    apiBase: `${url}/v1`,
    googleApiBase: `${url}/v1beta`,
    requests,
    next: (...behaviours) => void scripted.push(...behaviours),
    answer: (wanted) => {
      rule = wanted;
    },
    onRequest: undefined,
    onAnswered: undefined,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await mock.stop();
    },
  };
  return fake;
}

async function wait(until: number | Promise<unknown>): Promise<void> {
  await (typeof until === "number" ? delay(until) : until);
}

function lastUserText(body: ChatCompletionRequest): string {
  const content = body.messages.findLast(({ role }) => role === "user")?.content ?? "";
  if (typeof content === "string") return content;
  return content.map((part) => ("text" in part ? String(part.text) : "")).join("\n");
}

function fixtureResponse(behaviour: ModelBehaviour): FixtureResponse {
  switch (behaviour.kind) {
    case "tool-call":
      return {
        toolCalls: [{ name: behaviour.name, arguments: JSON.stringify(behaviour.input) }],
      };
    case "error": {
      const { status, message = "the fake was told to fail", code, retryAfter } = behaviour;
      return {
        status,
        error: { message, ...(code === undefined ? {} : { code, type: code }) },
        ...(retryAfter === undefined ? {} : { retryAfter }),
      };
    }
    case "raw":
      return { content: "" };
    default:
      return { content: behaviour.text };
  }
}

/** Undefined if whoever asked has gone meanwhile, and the answer was cut off with the question. */
async function readUnlessCut(stream: http.IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stream) chunks.push(chunk);
  } catch {
    // The closing of the client's connection has told of it.
    return undefined;
  }
  return Buffer.concat(chunks);
}

interface Delivery {
  readonly res: http.ServerResponse;
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

function deliver(answer: Delivery, behaviour: ModelBehaviour | undefined): void {
  const { res, status, headers, body } = answer;
  if (behaviour?.kind === "raw") {
    res.writeHead(behaviour.status, behaviour.headers).write(behaviour.body);
    if (!behaviour.open) res.end();
    return;
  }
  if (behaviour?.kind !== "stall" && behaviour?.kind !== "die" && behaviour?.kind !== "end-early") {
    res.writeHead(status, headers).end(body);
    return;
  }
  const events = body.toString().split(/(?<=\n\n)/);
  const { "content-length": _, ...streamed } = headers;
  const cutOff = () => void (behaviour.kind === "die" && res.destroy());
  if (behaviour.events > 0 || behaviour.kind === "end-early") res.writeHead(status, streamed);
  const first = events.slice(0, behaviour.events).join("");
  if (behaviour.kind === "end-early") res.end(first);
  else if (behaviour.events === 0) cutOff();
  // The connection is cut only after the first events have left.
  else res.write(first, cutOff);
}
