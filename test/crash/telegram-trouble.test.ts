import { survivesKills } from "./points.ts";

survivesKills("telegram", [11, 12, 14]);
