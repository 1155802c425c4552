import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Channel, OutgoingPart } from "../../src/channels/channel.ts";
import { DeliveryError, type DeliveryFailure } from "../../src/channels/delivery-error.ts";
import type { Address } from "../../src/events/event.ts";
import type { Fault } from "../fakes/fault.ts";
import { type Act, type CuttingProxy, createCuttingProxy } from "../support/cutting-proxy.ts";
import { PLACES, type Place } from "../support/http-frames.ts";
import { eventually } from "./recording-receiver.ts";

/** A real adapter whose requests go through a proxy to its fake platform. Its clock is fast: time-outs are short. */
export interface NetworkRig {
  /** The fake's address. */
  readonly url: string;
  /** The adapter, at another address. */
  channel(apiRoot: string): Channel;
  readonly address: Address;
  /** How often the platform shows the text in that chat. */
  shown(text: string): number;
  /** Requests to post that have arrived whole, since the beginning. */
  sendRequests(): number;
  /** Requests that are being answered. */
  openRequests(): number;
  failNextSend(fault: Fault): void;
  close(): Promise<void>;
}

interface NetworkCapabilities {
  /** The first line of a request to post. */
  readonly sendLine: RegExp;
  /** A refusal in the platform's own words, as JSON, and what it means. */
  readonly refusals: readonly (readonly [status: number, body: string, expected: Verdict])[];
  /** An answer that says that the message was posted, without telling its id. */
  readonly withoutId: readonly string[];
}

type Verdict = DeliveryFailure | "sent";

const NOT_SENT: Verdict = { kind: "transient", ambiguous: false };
const AMBIGUOUS: Verdict = { kind: "transient", ambiguous: true };

const ACTS: readonly Act[] = ["cut", "reset", "hang"];
const CUTS = PLACES.flatMap((place) => ACTS.map((act) => [act, place] as const));

/** What whoever stands in the way may answer, whatever was asked. */
const page = (status: string, headers: readonly string[] = [], body = "<html>no</html>") =>
  [
    `HTTP/1.1 ${status}`,
    "connection: close",
    "content-type: text/html",
    `content-length: ${Buffer.byteLength(body)}`,
    ...headers,
    "",
    body,
  ].join("\r\n");
const json = (status: string, body: string) =>
  page(status, [], body).replace("text/html", "application/json");

const STRANGE_ANSWERS: readonly (readonly [name: string, bytes: string, expected: Verdict])[] = [
  ["a captive portal's page", page("200 OK"), AMBIGUOUS],
  ["an empty 200", page("200 OK", [], ""), AMBIGUOUS],
  ["an empty 204", "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n", AMBIGUOUS],
  ["null", json("200 OK", "null"), AMBIGUOUS],
  ["a text", json("200 OK", '"ok"'), AMBIGUOUS],
  ["an empty object", json("200 OK", "{}"), AMBIGUOUS],
  ["half a JSON", json("200 OK", '{"ok":true,"result":{"mess'), AMBIGUOUS],
  ["a proxy's 400", page("400 Bad Request"), NOT_SENT],
  ["a proxy's 401", page("401 Unauthorized"), NOT_SENT],
  ["a proxy's 403", page("403 Forbidden"), NOT_SENT],
  ["a proxy's 404", page("404 Not Found"), NOT_SENT],
  ["a proxy's 407", page("407 Proxy Authentication Required"), NOT_SENT],
  ["a proxy's 409", page("409 Conflict"), NOT_SENT],
  ["a proxy's 413", page("413 Payload Too Large"), NOT_SENT],
  ["a proxy's 401 in JSON", json("401 Unauthorized", '{"error":"login"}'), NOT_SENT],
  ["a 404 with null", json("404 Not Found", "null"), NOT_SENT],
  ["a 403 that says it is well", json("403 Forbidden", '{"ok":true,"result":{}}'), NOT_SENT],
  ["an empty 404", page("404 Not Found", [], ""), NOT_SENT],
  ["half a page with 403", page("403 Forbidden").slice(0, -4), NOT_SENT],
  ["a proxy's 429 that does not say how long", page("429 Slow Down"), NOT_SENT],
  [
    "a proxy's 429 with a time",
    page("429 Slow Down", ["retry-after: 7"]),
    { kind: "rate-limited", retryAfterMs: 7_000 },
  ],
  [
    "a proxy's 429 for ever",
    page("429 Slow Down", ["retry-after: 99999999999"]),
    { kind: "rate-limited", retryAfterMs: 24 * 3_600_000 },
  ],
  ["a proxy's 429 with nonsense", page("429 Slow Down", ["retry-after: soon"]), NOT_SENT],
  ["a proxy's 429 from the past", page("429 Slow Down", ["retry-after: -5"]), NOT_SENT],
  ["a proxy's 500", page("500 Internal Server Error"), AMBIGUOUS],
  ["a proxy's 502", page("502 Bad Gateway"), AMBIGUOUS],
  ["a proxy's 503", page("503 Service Unavailable", ["retry-after: 3"]), AMBIGUOUS],
  ["a proxy's 504", page("504 Gateway Timeout"), AMBIGUOUS],
  ["a 502 that says it is well", json("502 Bad Gateway", '{"ok":true,"id":"1"}'), AMBIGUOUS],
  ["a status that does not exist", page("999 What"), AMBIGUOUS],
  // Seen red, for ever, where only an "error" ended a request.
  [
    "another protocol",
    "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
    AMBIGUOUS,
  ],
  ["an endless beginning", "HTTP/1.1 100 Continue\r\n\r\n".repeat(100), AMBIGUOUS],
  ["no HTTP at all", "220 mail.example ESMTP\r\n\r\n", AMBIGUOUS],
  ["headers without end", `HTTP/1.1 200 OK\r\nx: ${"y".repeat(40_000)}`, AMBIGUOUS],
];

const REDIRECTS = [301, 302, 303, 307, 308] as const;

/**
 * What a channel makes of a network that does harm in every place: never "not sent" of a message that was posted,
 * never "sent" of one that was not, and "ambiguous" only where nobody could know.
 */
export function networkContract(
  name: string,
  capabilities: NetworkCapabilities,
  setup: () => Promise<NetworkRig>,
): void {
  const { sendLine } = capabilities;

  describe(`${name} through a network that does harm`, () => {
    let rig: NetworkRig;
    let proxy: CuttingProxy;
    let channel: Channel;

    beforeEach(async () => {
      rig = await setup();
      proxy = await createCuttingProxy(rig.url);
      channel = rig.channel(proxy.url);
    });
    afterEach(async () => {
      await proxy.close();
      await rig.close();
    });

    let sends = 0;
    /** What becomes of a send, and of its text on the platform when all is quiet. */
    async function send(through = channel, part: Partial<OutgoingPart> = {}) {
      sends += 1;
      const text = `text number ${sends}`;
      const context = {
        idempotencyKey: text,
        firstTriedAt: Date.now(),
        signal: new AbortController().signal,
      };
      const error: unknown = await through.send({ text, ...part }, rig.address, context).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error !== undefined && !(error instanceof DeliveryError)) throw error;
      await eventually(() => expect(rig.openRequests()).toBe(0));
      const verdict: Verdict = error?.failure ?? "sent";
      return { verdict, shown: rig.shown(text), reason: error?.message ?? "" };
    }

    // Seen red for "not-sent" instead of "unknown" of a request that was written, and for "sent" of any 2xx.
    it.each(CUTS)("(%s) %s of the request: ambiguous, and nothing else", async (act, place) => {
      proxy.order(sendLine, { of: "request", place, act });
      const { verdict, shown } = await send();
      expect(proxy.waiting()).toBe(0);
      expect(verdict).toEqual(AMBIGUOUS);
      // Cut behind its end, it may have been taken before the connection was seen to be gone.
      if (place !== "end") expect(shown).toBe(0);
    });

    it.each(CUTS)(
      "(%s) %s of the answer: ambiguous until all of it is there",
      async (act, place) => {
        proxy.order(sendLine, { of: "response", place, act });
        const { verdict, shown } = await send();
        expect(proxy.waiting()).toBe(0);
        expect(shown).toBe(1);
        // The JSON is whole before the last byte, which ends the coding that carries it.
        const isThere: readonly Place[] = ["all but one byte", "end"];
        expect(verdict).toEqual(isThere.includes(place) ? "sent" : AMBIGUOUS);
      },
    );
    // Seen red with `isWritten` always true.
    it("says not sent where nobody listens, and goes on when somebody does", async () => {
      await proxy.close();
      const refused = await send();
      expect(refused).toMatchObject({ verdict: NOT_SENT, shown: 0 });
      expect(refused.reason).toContain("ECONNREFUSED");
      expect(await send(rig.channel(rig.url))).toMatchObject({ verdict: "sent", shown: 1 });
    });

    it("says not sent when it was told to stop before", async () => {
      const stopped = AbortSignal.abort(new Error("stopping"));
      const sending = channel.send({ text: "never" }, rig.address, {
        idempotencyKey: "never",
        firstTriedAt: Date.now(),
        signal: stopped,
      });
      await expect(sending).rejects.toMatchObject({ failure: NOT_SENT });
      expect(proxy.lines()).toEqual([]);
    });

    // The classical race: seen red with "not-sent" for every error of a connection that is used again.
    it("is ambiguous when a kept connection was thrown away as the request came", async () => {
      proxy.order(sendLine, { of: "next" });
      expect(await send()).toMatchObject({ verdict: "sent", shown: 1 });
      expect(await send()).toMatchObject({ verdict: AMBIGUOUS, shown: 0 });
      expect(await send()).toMatchObject({ verdict: "sent", shown: 1 });
    });

    it("opens a new connection when the kept one was closed in time", async () => {
      proxy.order(sendLine, { of: "response", place: "end", act: "cut" });
      expect(await send()).toMatchObject({ verdict: "sent", shown: 1 });
      await eventually(() => expect(proxy.connections()).toBe(0));
      expect(await send()).toMatchObject({ verdict: "sent", shown: 1 });
    });

    // Seen red with the client's own fetch in place.
    it.each(STRANGE_ANSWERS)("%s is no answer of the platform", async (_, bytes, expected) => {
      for (const act of ["cut", "hang"] as const) {
        proxy.order(sendLine, { of: "answer", bytes, act });
        const { verdict, reason, shown } = await send();
        expect({ verdict, shown }).toEqual({ verdict: expected, shown: 0 });
        expect(reason).toMatch(/^Cannot send to \w+: \S/);
      }
    });

    it.each(capabilities.refusals)(
      "knows the platform's own %i: %s",
      async (status, body, expected) => {
        proxy.order(sendLine, { of: "answer", bytes: json(`${status} Refused`, body), act: "cut" });
        expect(await send()).toMatchObject({ verdict: expected, shown: 0 });
      },
    );

    it.each(capabilities.withoutId)("does not take %s for a message", async (body) => {
      proxy.order(sendLine, { of: "answer", bytes: json("200 OK", body), act: "cut" });
      expect(await send()).toMatchObject({ verdict: AMBIGUOUS, shown: 0 });
    });

    // Seen red with node-fetch, which took the message to the other host with 307 and said "sent".
    it.each(REDIRECTS)("follows no redirect: %i", async (status) => {
      const stranger = await createCuttingProxy(rig.url);
      const location = `location: ${stranger.url}/elsewhere/SECRET`;
      for (const headers of [
        [location],
        ["location: /relative/SECRET"],
        ["location: http://["],
        [],
      ]) {
        const bytes = page(`${status} Elsewhere`, headers);
        proxy.order(sendLine, { of: "answer", bytes, act: "cut" });
        const { verdict, shown, reason } = await send();
        expect({ verdict, shown }).toEqual({ verdict: NOT_SENT, shown: 0 });
        expect(reason).toContain(`it answered ${status}, a redirect`);
        expect(reason).not.toContain("SECRET");
      }
      expect(stranger.lines()).toEqual([]);
      expect(rig.sendRequests()).toBe(0);
      await stranger.close();
    });

    it.each(REDIRECTS)(
      "says a redirected %i of a body that is the platform's not sent too",
      async (status) => {
        const bytes = json(`${status} Elsewhere`, '{"ok":true,"id":"1","result":{"message_id":1}}');
        proxy.order(sendLine, { of: "answer", bytes, act: "cut" });
        expect(await send()).toMatchObject({ verdict: NOT_SENT, shown: 0 });
      },
    );

    // One owner of retries. Seen red with `retries: 3`, and without `rejectOnRateLimit`, for discord.js.
    it.each([
      [{ code: 500 }, AMBIGUOUS],
      [{ code: 502 }, AMBIGUOUS],
      [{ code: 502, html: true }, AMBIGUOUS],
      [{ drop: true }, AMBIGUOUS],
      [{ hang: true }, AMBIGUOUS],
      [{ code: 409 }, NOT_SENT],
      [
        { code: 429, retryAfter: 1 },
        { kind: "rate-limited", retryAfterMs: 1_000 },
      ],
      [{ code: 429, html: true }, NOT_SENT],
    ] satisfies readonly (readonly [Fault, Verdict])[])(
      "makes one request of %j",
      async (fault, expected) => {
        rig.failNextSend(fault);
        expect((await send()).verdict).toEqual(expected);
        expect(rig.sendRequests()).toBe(1);
        expect(proxy.lines().filter((line) => sendLine.test(line))).toHaveLength(1);
      },
    );
  });
}
