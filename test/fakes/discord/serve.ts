import type { IncomingMessage, ServerResponse } from "node:http";
import type { FakeCall, Fault, Faults, Hooks } from "../fault.ts";
import { ApiError, apiError, errorOfStatus } from "./api-error.ts";
import type { Gateway } from "./gateway.ts";
import { ROUTES } from "./routes.ts";
import { discordNow, type FakeState, type LoggedRequest } from "./state.ts";

export interface World {
  readonly state: FakeState;
  readonly gateway: Gateway;
  readonly gatewayUrl: () => string;
  readonly faults: Faults;
  readonly hooks: Hooks;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

/** Answers one request, or leaves it unanswered as a fault or a hook demands. */
export async function serve(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const text = await readBody(request);
  const url = new URL(request.url ?? "/", "http://fake");
  const path = decodeURIComponent(url.pathname.replace(/^\/api(\/v\d+)?/, ""));
  const query = Object.fromEntries(url.searchParams);
  const logged: LoggedRequest = {
    name: `${request.method ?? ""} ${path}`,
    token: request.headers.authorization,
    body: text === "" ? query : JSON.parse(text),
    at: Date.now(),
    status: undefined,
  };
  world.state.requests.push(logged);
  await handle(world, logged, response);
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
  const answer = answerOf(world, logged, fault);
  const done: FakeCall = { ...call, result: answer.body };
  if (answer.status < 300 && world.hooks.run(done, "posted") === "abandon") return cut();
  if (fault?.deliverThenDrop) return cut();
  if (response.destroyed) return undefined;
  logged.status = answer.status;
  logged.answeredAt = Date.now();
  const date = new Date(discordNow(world.state)).toUTCString();
  response.writeHead(answer.status, { ...answer.headers, date });
  const body = answer.body === undefined ? undefined : JSON.stringify(answer.body);
  return response.end(body, () => void world.hooks.run(done, "answered"));
}

const JSON_TYPE = { "content-type": "application/json" };

function answerOf(world: World, logged: LoggedRequest, fault: Fault | undefined): Answer {
  try {
    if (fault?.code) throw errorOfStatus(fault.code, fault.description, fault.retryAfter);
    const limits = countSend(world.state, logged);
    const body = callRoute(world, logged);
    // A 204 must not say that it holds JSON: clients would parse it.
    return body === undefined
      ? { status: 204, body, headers: limits }
      : { status: 200, body, headers: { ...JSON_TYPE, ...limits } };
  } catch (error) {
    return refusal(error);
  }
}

function callRoute(world: World, logged: LoggedRequest): unknown {
  const [method, path = ""] = logged.name.split(" ");
  const { state } = world;
  for (const route of ROUTES) {
    const match = route.path.exec(path);
    if (route.method !== method || !match) continue;
    if (!route.open && (state.revoked || logged.token !== `Bot ${state.token}`)) {
      throw apiError("unauthorized");
    }
    return route.answer({
      state,
      gateway: world.gateway,
      gatewayUrl: world.gatewayUrl(),
      ids: match.slice(1),
      body: logged.body,
    });
  }
  throw apiError("notFound");
}

function refusal(error: unknown): Answer {
  if (!(error instanceof ApiError)) {
    const body = { message: `Internal: ${String(error)}`, code: 0 };
    return { status: 500, body, headers: JSON_TYPE };
  }
  const { status, code, message, retryAfterS, global } = error;
  if (retryAfterS === undefined) return { status, body: { message, code }, headers: JSON_TYPE };
  return {
    status,
    body: { message, retry_after: retryAfterS, global },
    headers: {
      ...JSON_TYPE,
      // Whole seconds in the header, as Discord does; the body is exact.
      "retry-after": String(Math.ceil(retryAfterS)),
      "x-ratelimit-scope": global ? "global" : "user",
      ...(global
        ? { "x-ratelimit-global": "true" }
        : {
            "x-ratelimit-limit": "5",
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset-after": String(retryAfterS),
          }),
    },
  };
}

/** Counts a post in its channel's window and says so in the headers, if there is a limit. */
function countSend(state: FakeState, logged: LoggedRequest): Record<string, string> {
  if (!state.sendLimit || !/^POST \/channels\/\d+\/messages$/.test(logged.name)) return {};
  const { limit, perMs } = state.sendLimit;
  const now = Date.now();
  const known = state.sendWindows.get(logged.name);
  const open = known && known.until > now ? known : { until: now + perMs, used: 0 };
  state.sendWindows.set(logged.name, open);
  const resetAfterS = (open.until - now) / 1000;
  if (open.used >= limit) throw errorOfStatus(429, undefined, resetAfterS);
  open.used += 1;
  return {
    "x-ratelimit-limit": String(limit),
    "x-ratelimit-remaining": String(limit - open.used),
    "x-ratelimit-reset-after": String(resetAfterS),
    "x-ratelimit-bucket": "messages",
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
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
