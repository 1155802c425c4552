import { survivesKills } from "./points.ts";

survivesKills("telegram", [5, 6, 7, 8, 9, 10]);
