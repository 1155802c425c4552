import { describe, expect, it } from "vitest";
import type { ChannelState } from "../../src/channels/channel.ts";
import { createChannelRegistry } from "../../src/server/channel-registry.ts";
import { reportStatus } from "../../src/server/status.ts";
import { channelSpec } from "../builders/channel-spec.ts";
import { createManualClock } from "../builders/manual-clock.ts";

const spec = channelSpec();

function setUp(state: ChannelState) {
  const clock = createManualClock();
  const channels = createChannelRegistry(clock);
  channels.apply([spec]);
  channels.setState(spec, state);
  let unseen = 0;
  const report = () =>
    reportStatus({
      ...{ version: "1", workspace: "/w", startedAt: 0, channels, now: clock.now },
      counts: () => ({ inbox: 0, pending: 0, failed: 7, quarantined: 0, oldestOwedAt: undefined }),
      unseen: () => unseen,
      store: () => ({ ok: true }),
      strangers: () => [],
      pairingCode: () => undefined,
      configProblems: () => [],
      agentProblems: [],
      warnings: [],
      loopDelay: () => ({ p99Ms: 0, maxMs: 0 }),
      fileProblems: () => [],
    });
  return { clock, report, setUnseen: (count: number) => (unseen = count) };
}

const connected = (lastPollAt: number, maxSilenceMs?: number): ChannelState => ({
  ...{ kind: "connected", account: "@bot", lastPollAt },
  ...(maxSilenceMs === undefined ? {} : { maxSilenceMs }),
});

describe("reportStatus", () => {
  // peers #26: health is the last successful poll, not what the channel says of itself.
  it("names a channel that says connected and was not heard from for too long", async () => {
    const { clock, report } = setUp(connected(Date.UTC(2030, 0, 1), 90_000));
    expect(report()).toMatchObject({ ready: true, problems: [] });
    await clock.advance(90_000);
    expect(report().ready).toBe(true);
    await clock.advance(1_000);
    expect(report()).toMatchObject({
      ready: false,
      problems: [expect.stringMatching(/^channel telegram: nothing was heard .* for 91 s/)],
      channels: [{ state: { kind: "connected" }, problem: expect.any(String) }],
    });
  });

  it("is not deceived by a clock that was set back", () => {
    const { clock, report } = setUp(connected(Date.UTC(2030, 0, 1), 90_000));
    clock.setNow(clock.now() - 3_600_000);
    expect(report().ready).toBe(false);
  });

  it("expects nothing of a channel that nobody polls", async () => {
    const { clock, report } = setUp(connected(Date.UTC(2030, 0, 1)));
    await clock.advance(86_400_000);
    expect(report().ready).toBe(true);
  });

  it("is red for dead letters that nobody has looked at, and only for those", () => {
    const { report, setUnseen } = setUp(connected(Date.UTC(2030, 0, 1)));
    expect(report()).toMatchObject({ ready: true, unseen: 0, events: { failed: 7 } });
    setUnseen(2);
    expect(report().problems).toEqual([expect.stringContaining("2 dead letters that nobody")]);
  });
});
