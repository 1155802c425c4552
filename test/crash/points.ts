import { expect, test } from "vitest";
import type { Platform } from "../rig/conversation.ts";
import { sharedRig, testRig } from "../rig/test-rig.ts";
import { playPoint } from "../torture/play.ts";
import { POINTS } from "../torture/points/all.ts";
import type { Point } from "../torture/points/point.ts";

/** As long as the longest wait of a point, on a machine that does other things too. */
const PATIENCE = 120_000;

/**
 * The short form of `npm run torture`: each of these points once, judged in the same way. Those that wait for minutes
 * are left to the long one.
 *
 * weaknesses.md W-I1, W-I2, W-D5, 3.6 #1, 6.1: a kill lost what was not on disk, and doubled what was.
 */
export function survivesKills(platform: Platform, numbers: readonly number[]): void {
  const points = POINTS.filter(
    ({ number, platforms, waits }) =>
      numbers.includes(number) && platforms.includes(platform) && waits !== true,
  );
  const options = { channels: [platform] };
  const shared = sharedRig(options);
  let people = 0;
  test.for(points)(
    `${platform} $number: $name`,
    { timeout: PATIENCE },
    async (point: Point, { skip }) => {
      const reason = point.unavailable?.();
      if (reason !== undefined) skip(reason);
      const rig = point.fresh ? await testRig(options) : shared();
      const { broken } = await playPoint(point, { rig, platform, nextPerson: () => ++people });
      expect(broken).toEqual([]);
    },
  );
}
