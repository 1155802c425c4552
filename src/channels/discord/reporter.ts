import type { ChannelState } from "../channel.ts";
import type { Intake } from "./intake.ts";
import { CONNECTION_LOST } from "./trouble.ts";

/** Says how the connection is. A short interruption, as Discord makes every few hours, is nobody's business. */
export interface Reporter {
  /** The connection is there (again). */
  restored(): void;
  /** The first connection is ready for use, as this account. */
  ready(account: string): void;
  failing(state: Extract<ChannelState, { kind: "failing" }>): void;
  /** For the `losses`th time in a row. */
  lost(losses: number): void;
  /** Discord was heard from. */
  alive(): void;
}

/** Nearly three heartbeats; the watchdog then replaces the connection. */
const MAX_SILENCE_MS = 120_000;
const LOST_AFTER_MS = 5_000;
const REPORT_EVERY_MS = 5_000;

export function createReporter({ receiver, clock, signal }: Intake): Reporter {
  let account: string | undefined;
  let isUp = false;
  let reportedAt = 0;
  /** Ends the patience with an interruption. */
  let patience = new AbortController();

  function reportConnected(): void {
    if (account === undefined || !isUp || signal.aborted) return;
    reportedAt = clock.now();
    receiver.report({
      kind: "connected",
      account,
      lastPollAt: reportedAt,
      maxSilenceMs: MAX_SILENCE_MS,
    });
  }

  function failing(state: Extract<ChannelState, { kind: "failing" }>): void {
    patience.abort();
    isUp = false;
    if (!signal.aborted) receiver.report(state);
  }

  async function failLater(): Promise<void> {
    patience = new AbortController();
    const { signal: ended } = patience;
    try {
      await clock.sleep(LOST_AFTER_MS, AbortSignal.any([signal, ended]));
    } catch {
      // Connected again, reported already, or over; the clock's sleep fails for nothing else.
      return;
    }
    failing(CONNECTION_LOST);
  }

  return {
    restored() {
      patience.abort();
      isUp = true;
      reportConnected();
    },
    ready(name) {
      account = name;
      reportConnected();
    },
    failing,
    lost(losses) {
      const wasUp = isUp;
      isUp = false;
      if (losses > 1) failing(CONNECTION_LOST);
      else if (wasUp) void failLater();
    },
    alive() {
      if (Math.abs(clock.now() - reportedAt) >= REPORT_EVERY_MS) reportConnected();
    },
  };
}
