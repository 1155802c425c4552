/** Places in an HTTP message: "before" is its first byte, "end" behind its last. */
export const PLACES = [
  "before",
  "in the first line",
  "in the headers",
  "before the body",
  "half of the body",
  "all but one byte",
  "end",
] as const;
export type Place = (typeof PLACES)[number];

/** A whole message. */
export interface Framed {
  readonly bytes: Buffer;
  readonly line: string;
  /** Where the body begins. */
  readonly body: number;
}

/** How many of its bytes lie before the place. */
export function cutAt({ bytes, line, body }: Framed, place: Place): number {
  const { length } = bytes;
  switch (place) {
    case "before":
      return 0;
    case "in the first line":
      return Math.floor(line.length / 2);
    case "in the headers":
      return Math.floor((line.length + body) / 2);
    case "before the body":
      return body;
    case "half of the body":
      return Math.floor((body + length) / 2);
    case "all but one byte":
      return length - 1;
    case "end":
      return length;
    default:
      throw new Error(`Unknown place ${String(place satisfies never)}`);
  }
}

/** The request, once all of it is there. */
export function frameRequest(bytes: Buffer): Framed | undefined {
  const framed = frame(bytes);
  if (!framed) return undefined;
  const { length } = headersOf(framed);
  return bytes.length >= framed.body + (length ?? 0) ? framed : undefined;
}

/** The response, once all of it is there. */
export function frameResponse(bytes: Buffer): Framed | undefined {
  const framed = frame(bytes);
  if (!framed) return undefined;
  const { length, isChunked } = headersOf(framed);
  const isWhole = isChunked
    ? bytes.subarray(framed.body).toString("latin1").endsWith("0\r\n\r\n")
    : bytes.length >= framed.body + (length ?? 0);
  return isWhole ? framed : undefined;
}

function frame(bytes: Buffer): Framed | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  return {
    bytes,
    line: bytes.subarray(0, bytes.indexOf("\r\n")).toString("latin1"),
    body: end + 4,
  };
}

function headersOf({ bytes, body }: Framed) {
  const head = bytes.subarray(0, body).toString("latin1");
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? [];
  return {
    length: length === undefined ? undefined : Number(length),
    isChunked: /\r\ntransfer-encoding: *chunked/i.test(head),
  };
}
