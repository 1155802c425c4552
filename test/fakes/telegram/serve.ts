import type { IncomingMessage, ServerResponse } from "node:http";
import type { createFaults, createHooks, FakeCall, Fault } from "../fault.ts";
import { ApiError, errorOfCode } from "./api-error.ts";
import { METHODS } from "./methods.ts";
import type { FakeState, LoggedRequest } from "./state.ts";
import { getUpdates } from "./updates.ts";
import type { createWebhookPusher } from "./webhook-push.ts";

export interface World {
  readonly state: FakeState;
  readonly faults: ReturnType<typeof createFaults>;
  readonly hooks: ReturnType<typeof createHooks>;
  readonly pusher: ReturnType<typeof createWebhookPusher>;
}

/** Answers one request, or leaves it unanswered as a fault or a hook demands. */
export async function serve(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<unknown> {
  const body = await readBody(request);
  const path = (request.url ?? "").split("?")[0] ?? "";
  const file = /^\/file\/bot([^/]+)\/files\/(.+)$/.exec(path);
  if (file) return serveFile(world.state, file, response);
  const [, token = "", name = ""] = /^\/bot([^/]+)\/(\w+)$/.exec(path) ?? [];
  const args = readArguments(body, request);
  const logged: LoggedRequest = { name, token, body: args, at: Date.now(), status: undefined };
  world.state.requests.push(logged);
  return handle(world, logged, response);
}

async function handle(
  world: World,
  logged: LoggedRequest,
  response: ServerResponse,
): Promise<unknown> {
  const call: FakeCall = { name: logged.name, body: logged.body };
  const cut = () => void response.socket?.destroy();
  if (world.hooks.run(call, "arrived") === "abandon") return cut();
  const fault = world.faults.take(call);
  if (fault?.delayMs) await closedOr(response, fault.delayMs);
  if (fault?.hang || response.destroyed) return undefined;
  if (fault?.drop) return cut();
  if (fault?.html) return sendHtml(logged, response, fault.code ?? 502);
  const answer = await process(world, logged, { fault, response });
  const done: FakeCall = { ...call, result: answer.body.result };
  if (answer.status === 200 && world.hooks.run(done, "posted") === "abandon") return cut();
  if (fault?.deliverThenDrop) return cut();
  if (response.destroyed) return undefined;
  logged.status = answer.status;
  logged.answeredAt = Date.now();
  response.writeHead(answer.status, { "content-type": "application/json" });
  return response.end(JSON.stringify(answer.body), () => void world.hooks.run(done, "answered"));
}

interface Answer {
  readonly status: number;
  readonly body: { readonly ok: boolean; readonly result?: unknown };
}

async function process(
  world: World,
  logged: LoggedRequest,
  { fault, response }: { fault: Fault | undefined; response: ServerResponse },
): Promise<Answer> {
  try {
    if (fault?.code) throw errorOfCode(fault.code, fault.description, fault.retryAfter);
    const result = await callMethod(world, logged, response);
    return { status: 200, body: { ok: true, result } };
  } catch (error) {
    const known =
      error instanceof ApiError ? error : new ApiError(500, `Internal: ${String(error)}`);
    return { status: known.code, body: { ok: false, ...errorBody(known) } };
  }
}

const errorBody = ({ code, message, parameters }: ApiError) => ({
  error_code: code,
  description: message,
  ...(parameters ? { parameters } : {}),
});

async function callMethod(world: World, logged: LoggedRequest, response: ServerResponse) {
  const { state, pusher } = world;
  if (!/^\d+:/.test(logged.token)) throw new ApiError(404, "Not Found");
  const bot = state.bots.get(logged.token);
  const authorized = () => {
    if (!bot || bot.revoked) throw new ApiError(401, "Unauthorized");
    return bot;
  };
  const context = { state, bot: authorized(), args: logged.body };
  if (logged.name === "getUpdates") {
    const closed = new AbortController();
    response.once("close", () => closed.abort());
    const updates = await getUpdates(context.bot, logged.body, closed.signal);
    authorized();
    return updates;
  }
  if (logged.name === "setWebhook") return pusher.setWebhook(context);
  if (logged.name === "deleteWebhook") return pusher.deleteWebhook(context);
  if (logged.name === "getWebhookInfo") return pusher.getWebhookInfo(context);
  const method = METHODS[logged.name];
  if (!method) throw new ApiError(404, "Not Found: method not found");
  return method(context);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function readArguments(body: string, request: IncomingMessage): Record<string, unknown> {
  const query = Object.fromEntries(new URL(request.url ?? "/", "http://fake").searchParams);
  if (body === "") return query;
  if (request.headers["content-type"]?.includes("application/json")) {
    return { ...query, ...JSON.parse(body) };
  }
  return { ...query, ...Object.fromEntries(new URLSearchParams(body)) };
}

function serveFile(state: FakeState, match: RegExpExecArray, response: ServerResponse) {
  const content = state.bots.has(match[1] ?? "") ? state.files.get(match[2] ?? "") : undefined;
  response.writeHead(content ? 200 : 404, { "content-type": "application/octet-stream" });
  return response.end(content);
}

function sendHtml(logged: LoggedRequest, response: ServerResponse, status: number) {
  logged.status = status;
  response.writeHead(status, { "content-type": "text/html" });
  return response.end(`<html><head><title>${status}</title></head><body>${status}</body></html>`);
}

/** Waits, but not for a client that has gone. */
function closedOr(response: ServerResponse, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, ms);
    response.once("close", end);
    function end() {
      clearTimeout(timer);
      response.removeListener("close", end);
      resolve();
    }
  });
}
