import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { cutAt, type Framed, frameRequest, frameResponse, type Place } from "./http-frames.ts";

/** `cut`: closed in good order. `reset`: thrown away. `hang`: kept, and nothing more is said. */
export type Act = "cut" | "reset" | "hang";

/** What happens to one request and its answer. */
export type Order =
  /** So much of the request reaches the server; nothing of its answer the client. */
  | { readonly of: "request"; readonly place: Place; readonly act: Act }
  /** The server takes the request; so much of its answer reaches the client. */
  | { readonly of: "response"; readonly place: Place; readonly act: Act }
  /** The server never hears of it: the client gets these bytes. */
  | { readonly of: "answer"; readonly bytes: string; readonly act: Act }
  /** Answered well; the next request on this connection is thrown away with it, unread. */
  | { readonly of: "next" };

/** Stands between a client and an HTTP server, on 127.0.0.1, and does harm to the bytes in a place that is named. */
export interface CuttingProxy {
  readonly url: string;
  readonly port: number;
  /** To another server, from the next connection on. */
  forwardTo(url: string): void;
  /** For the next request whose first line matches; orders are taken in turn. */
  order(line: RegExp, order: Order): void;
  /** Orders that were not carried out yet. */
  waiting(): number;
  /** First lines of the requests that came, in order. */
  lines(): readonly string[];
  /** Connections to clients that are open. */
  connections(): number;
  close(): Promise<void>;
}

interface World {
  upstream: number;
  readonly orders: { readonly line: RegExp; readonly order: Order }[];
  readonly lines: string[];
  readonly sockets: Set<Socket>;
}

export async function createCuttingProxy(url?: string): Promise<CuttingProxy> {
  const world: World = { upstream: portOf(url), orders: [], lines: [], sockets: new Set() };
  const server = createServer((client) => serve(world, client));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}${url === undefined ? "" : new URL(url).pathname.replace(/\/$/, "")}`,
    forwardTo(other) {
      world.upstream = portOf(other);
    },
    order: (line, order) => void world.orders.push({ line, order }),
    waiting: () => world.orders.length,
    lines: () => world.lines,
    connections: () => world.sockets.size,
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of world.sockets) socket.destroy();
      });
    },
  };
}

const portOf = (url: string | undefined) => Number(url === undefined ? 0 : new URL(url).port);

function takeOrder({ orders }: World, line: string): Order | undefined {
  const index = orders.findIndex((each) => each.line.test(line));
  return index < 0 ? undefined : orders.splice(index, 1)[0]?.order;
}

/** One connection. A client sends a request only when the one before is answered: there is one order at a time. */
function serve(world: World, client: Socket): void {
  const upstream = connect(world.upstream, "127.0.0.1");
  const request = collecting(frameRequest);
  const response = collecting(frameResponse);
  let order: Order | undefined;
  /** The client hears nothing more from the server. */
  let isOver = false;

  client.on("data", (data) => {
    if (isOver) return;
    if (order?.of === "next") {
      isOver = true;
      client.resetAndDestroy();
      return;
    }
    const framed = request.add(data);
    if (!framed) return;
    world.lines.push(framed.line);
    order = takeOrder(world, framed.line);
    isOver = order?.of === "answer" || order?.of === "request";
    if (order?.of === "answer") act(client, order.act, order.bytes);
    else if (order?.of === "request") passPart(framed, order, { client, upstream });
    else upstream.write(framed.bytes);
  });

  upstream.on("data", (data) => {
    if (isOver) return;
    if (order?.of !== "response") return void client.write(data);
    const framed = response.add(data);
    if (!framed) return;
    isOver = true;
    act(client, order.act, framed.bytes.subarray(0, cutAt(framed, order.place)));
  });
  upstream.once("close", () => {
    if (!isOver) client.destroy();
  });
  client.once("close", () => {
    world.sockets.delete(client);
    upstream.destroy();
  });
  world.sockets.add(client);
  // Either end may be thrown away by the other side; "close" follows.
  client.on("error", () => undefined);
  upstream.on("error", () => undefined);
}

/** What is passed on is written before the client hears that there will be no more. */
function passPart(
  framed: Framed,
  { place, act: how }: Extract<Order, { of: "request" }>,
  { client, upstream }: { client: Socket; upstream: Socket },
): void {
  const part = framed.bytes.subarray(0, cutAt(framed, place));
  if (how === "hang") upstream.write(part);
  else upstream.end(part, () => act(client, how, ""));
}

/** The last that the client hears. */
function act(client: Socket, how: Act, bytes: Buffer | string): void {
  if (how === "hang") client.write(bytes);
  else if (how === "cut") client.end(bytes);
  else client.write(bytes, () => client.resetAndDestroy());
}

/** Gathers bytes until they are one whole message. */
function collecting(frame: (bytes: Buffer) => Framed | undefined) {
  let bytes = Buffer.alloc(0);
  return {
    add(data: Buffer): Framed | undefined {
      bytes = Buffer.concat([bytes, data]);
      const framed = frame(bytes);
      if (framed) bytes = Buffer.alloc(0);
      return framed;
    },
  };
}
