import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { guildPayload, messageEvent, userPayload } from "./payloads.ts";
import type { FakeState, ShownMessage } from "./state.ts";

const INTENT = { guilds: 1 << 0, guildMessages: 1 << 9, directMessages: 1 << 12, content: 1 << 15 };
const ALL_INTENTS = (1 << 27) - 1;
/** How many events a session keeps for a resume. */
const REPLAY_LIMIT = 1_000;

const OP = {
  dispatch: 0,
  heartbeat: 1,
  identify: 2,
  resume: 6,
  reconnect: 7,
  invalidSession: 9,
  hello: 10,
  heartbeatAck: 11,
} as const;

interface Session {
  readonly id: string;
  readonly intents: number;
  sequence: number;
  readonly replay: { readonly sequence: number; readonly frame: string }[];
  socket: WebSocket | undefined;
}

export interface Gateway {
  /** Takes the socket of an upgrade request. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  message(message: ShownMessage): void;
  dispatch(type: string, payload: unknown): void;
  /** Sockets that are open. */
  connections(): number;
  /** How many identify and resume requests were let in. */
  identifies(): number;
  resumes(): number;
  /** Cuts the connections without a close frame. */
  kill(): void;
  close(code: number): void;
  /** Op 7: asks to reconnect. */
  askToReconnect(): void;
  /** Op 9. A session that is not resumable is forgotten. */
  invalidate(resumable: boolean): void;
  /** Forgets all sessions: a resume is answered by op 9. */
  forgetSessions(): void;
  /** A resume is let in, but replays nothing of what was said until now. */
  loseReplay(): void;
  ackHeartbeats(on: boolean): void;
  /** While off, every connection is closed as soon as it opens. */
  admit(on: boolean): void;
  /** While on, a connection is opened and nothing is said; the hello comes when it is off again. */
  silence(on: boolean): void;
  /** While on, nobody who introduces himself gets an answer. */
  ignoreIdentify(on: boolean): void;
  /** While on, connections are neither opened nor refused; they are cut when it is off again. */
  hold(on: boolean): void;
  /** Runs at each connection that is asked for. */
  onUpgrade(hook: () => void): void;
}

interface World {
  readonly state: FakeState;
  readonly url: () => string;
  readonly sessions: Map<string, Session>;
  readonly sockets: Set<WebSocket>;
  readonly heartbeatMs: number;
  acks: boolean;
  admitting: boolean;
  silent: boolean;
  ignoring: boolean;
  holding: boolean;
  readonly held: Set<Duplex>;
  onUpgrade: () => void;
  identifies: number;
  resumes: number;
}

export function createGateway(
  state: FakeState,
  options: { url: () => string; heartbeatMs: number },
): Gateway {
  const server = new WebSocketServer({ noServer: true });
  const world: World = {
    state,
    ...options,
    sessions: new Map(),
    sockets: new Set(),
    acks: true,
    admitting: true,
    silent: false,
    ignoring: false,
    holding: false,
    held: new Set(),
    onUpgrade: () => undefined,
    identifies: 0,
    resumes: 0,
  };
  const everySocket = (act: (socket: WebSocket) => void) => {
    for (const socket of world.sockets) act(socket);
  };
  const forgetSessions = () => world.sessions.clear();
  return {
    upgrade(request, socket, head) {
      world.onUpgrade();
      if (world.holding) {
        world.held.add(socket);
        return;
      }
      server.handleUpgrade(request, socket, head, (opened) => welcome(world, opened));
    },
    message: (message) => deliverMessage(world, message),
    dispatch: (type, payload) => {
      for (const session of world.sessions.values()) push(session, type, payload);
    },
    connections: () => world.sockets.size,
    identifies: () => world.identifies,
    resumes: () => world.resumes,
    kill: () => everySocket((socket) => socket.terminate()),
    close: (code) => everySocket((socket) => socket.close(code)),
    askToReconnect: () => everySocket((socket) => send(socket, OP.reconnect, null)),
    invalidate(resumable) {
      if (!resumable) forgetSessions();
      everySocket((socket) => send(socket, OP.invalidSession, resumable));
    },
    forgetSessions,
    loseReplay() {
      for (const { replay } of world.sessions.values()) replay.splice(0);
    },
    ackHeartbeats(on) {
      world.acks = on;
    },
    admit(on) {
      world.admitting = on;
      if (!on) everySocket((socket) => socket.terminate());
    },
    silence(on) {
      world.silent = on;
      if (!on) everySocket((socket) => hello(world, socket));
    },
    ignoreIdentify(on) {
      world.ignoring = on;
    },
    hold(on) {
      world.holding = on;
      for (const socket of world.held) socket.destroy();
      world.held.clear();
    },
    onUpgrade(hook) {
      world.onUpgrade = hook;
    },
  };
}

function send(socket: WebSocket, op: number, d: unknown): void {
  socket.send(JSON.stringify({ op, d, s: null, t: null }));
}

function welcome(world: World, socket: WebSocket): void {
  if (!world.admitting) {
    socket.terminate();
    return;
  }
  world.sockets.add(socket);
  let session: Session | undefined;
  socket.on("close", () => {
    world.sockets.delete(socket);
    if (session?.socket === socket) session.socket = undefined;
  });
  // The other side went away in an unclean way; "close" follows.
  socket.on("error", () => undefined);
  socket.on("message", (data) => {
    session = handle(world, { socket, session }, String(data));
  });
  if (!world.silent) hello(world, socket);
}

function hello({ heartbeatMs }: World, socket: WebSocket): void {
  send(socket, OP.hello, { heartbeat_interval: heartbeatMs });
}

/** What an identify and a resume bring, unchecked. */
interface Credentials {
  readonly token?: unknown;
  readonly intents?: unknown;
  readonly session_id?: unknown;
  readonly seq?: unknown;
}

interface Connection {
  readonly socket: WebSocket;
  readonly session: Session | undefined;
}

function handle(world: World, connection: Connection, text: string): Session | undefined {
  const { socket, session } = connection;
  const { op, d } = JSON.parse(text) as { op: number; d: Credentials };
  switch (op) {
    case OP.heartbeat:
      if (world.acks) send(socket, OP.heartbeatAck, null);
      return session;
    case OP.identify:
      return world.ignoring ? session : identify(world, connection, d);
    case OP.resume:
      return world.ignoring ? session : resume(world, connection, d);
    default:
      if (!session) socket.close(4003);
      return session;
  }
}

const refusal = (world: World, token: unknown): boolean =>
  token !== world.state.token || world.state.revoked;

function identify(
  world: World,
  { socket, session }: Connection,
  d: Credentials,
): Session | undefined {
  const intents = Number(d.intents);
  const refuse = (code: number): undefined => void socket.close(code);
  if (session) return refuse(4005);
  if (refusal(world, d.token)) return refuse(4004);
  if (!Number.isInteger(intents) || intents < 0 || intents > ALL_INTENTS) return refuse(4013);
  if (intents & INTENT.content && !world.state.messageContent) return refuse(4014);
  const made: Session = { id: randomUUID(), intents, sequence: 0, replay: [], socket };
  world.sessions.set(made.id, made);
  world.identifies += 1;
  push(made, "READY", readyPayload(world, made));
  if (intents & INTENT.guilds) push(made, "GUILD_CREATE", guildPayload(world.state));
  return made;
}

function readyPayload({ state, url }: World, session: Session) {
  return {
    v: 10,
    user: userPayload(state.bot),
    session_id: session.id,
    session_type: "normal",
    resume_gateway_url: url(),
    shard: [0, 1],
    application: { id: state.applicationId, flags: 0 },
    guilds: [{ id: state.guildId, unavailable: true }],
    private_channels: [],
    relationships: [],
    presences: [],
  };
}

function resume(world: World, { socket }: Connection, d: Credentials): Session | undefined {
  if (refusal(world, d.token)) {
    socket.close(4004);
    return undefined;
  }
  const session = world.sessions.get(String(d.session_id));
  const seen = Number(d.seq);
  const oldest = session?.replay[0]?.sequence ?? 1;
  if (!session || seen + 1 < oldest) {
    send(socket, OP.invalidSession, false);
    return undefined;
  }
  session.socket = socket;
  world.resumes += 1;
  for (const { sequence, frame } of session.replay) {
    if (sequence > seen) socket.send(frame);
  }
  push(session, "RESUMED", null);
  return session;
}

/** Kept for a resume also while nobody is connected. */
function push(session: Session, type: string, payload: unknown): void {
  session.sequence += 1;
  const frame = JSON.stringify({ op: OP.dispatch, t: type, s: session.sequence, d: payload });
  session.replay.push({ sequence: session.sequence, frame });
  if (session.replay.length > REPLAY_LIMIT) session.replay.shift();
  session.socket?.send(frame);
}

function deliverMessage({ state, sessions }: World, message: ShownMessage): void {
  const channel = state.channels.get(message.channel);
  if (channel?.access === "hidden" || channel?.access === "gone") return;
  const isPrivate = channel?.type === 1;
  const wanted = isPrivate ? INTENT.directMessages : INTENT.guildMessages;
  for (const session of sessions.values()) {
    if (!(session.intents & wanted)) continue;
    const mayRead = (session.intents & INTENT.content) !== 0;
    push(session, "MESSAGE_CREATE", messageEvent(state, message, mayRead));
  }
}
