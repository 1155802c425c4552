import { readFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { fileURLToPath } from "node:url";
import type { Act } from "./cutting-proxy.ts";

/**
 * Of tests and for nothing else: the key is public. All but `self-signed` are signed by `authority.pem`, and name
 * localhost and 127.0.0.1, but for `other-name`.
 */
export type Certificate = "good" | "expired" | "other-name" | "self-signed";

const fileOf = (name: string) =>
  fileURLToPath(new URL(`certificates/${name}.pem`, import.meta.url));

/** For `NODE_EXTRA_CA_CERTS`, which counts only from the start of a process. */
export const AUTHORITY_FILE = fileOf("authority");

export interface Front {
  readonly port: number;
  close(): Promise<void>;
}

/** Speaks TLS, and passes what it hears on to a server that does not. */
export async function createTlsFront(
  certificate: Certificate,
  upstream: number,
): Promise<Front & { readonly heard: () => number }> {
  const [key, cert] = await Promise.all([
    readFile(fileOf("test-only.key")),
    readFile(fileOf(certificate)),
  ]);
  let heard = 0;
  const server = createTlsServer({ key, cert }, (client) => {
    client.on("data", (data) => {
      heard += data.length;
    });
    join(client, connect(upstream, "127.0.0.1"));
  });
  return { ...(await listen(server)), heard: () => heard };
}

/** Passes bytes on until one side has said so many. */
export function createByteProxy(
  upstream: number,
  { from, bytes, act }: { from: "client" | "server"; bytes: number; act: Act },
): Promise<Front> {
  const server = createTcpServer((client) => {
    const other = connect(upstream, "127.0.0.1");
    const [speaker, listener] = from === "client" ? [client, other] : [other, client];
    let left = bytes;
    listener.on("data", (data) => void speaker.write(data));
    speaker.on("data", (data) => {
      if (left <= 0) return;
      listener.write(data.subarray(0, left));
      left -= data.length;
      if (left <= 0) end(act, client, other);
    });
    if (left <= 0) client.once("data", () => end(act, client, other));
    bury(client, other);
  });
  return listen(server);
}

function end(act: Act, client: Socket, other: Socket): void {
  // What was written before has to leave first.
  setImmediate(() => {
    if (act === "cut") client.end();
    if (act === "reset") client.resetAndDestroy();
    if (act !== "hang") other.destroy();
  });
}

function join(client: Socket, other: Socket): void {
  client.pipe(other).pipe(client);
  bury(client, other);
}

function bury(client: Socket, other: Socket): void {
  // Either end may be thrown away by the other side; "close" follows.
  client.on("error", () => undefined);
  other.on("error", () => undefined);
  client.once("close", () => other.destroy());
  other.once("close", () => client.destroy());
}

async function listen(server: ReturnType<typeof createTcpServer>): Promise<Front> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  // A client that does not like the certificate says so and goes.
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
