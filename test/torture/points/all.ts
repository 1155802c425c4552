import { DISK } from "./disk.ts";
import { WHILE_DOWN } from "./down.ts";
import { KILLS } from "./kills.ts";
import { AFTER_THE_WINDOW } from "./nonce.ts";
import { OPERATING } from "./operator.ts";
import type { Point } from "./point.ts";
import { RATE_LIMITED } from "./rate-limit.ts";
import { DURING_START } from "./start.ts";

/** The one list of points, for the torture and for the tests; 13, the random kills, is `test/rig/random-kills.ts`. */
export const POINTS: readonly Point[] = [
  WHILE_DOWN,
  ...KILLS,
  ...AFTER_THE_WINDOW,
  RATE_LIMITED,
  ...DURING_START,
  ...OPERATING,
  ...DISK,
].sort((a, b) => a.number - b.number);
