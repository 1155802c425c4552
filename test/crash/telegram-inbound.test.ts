import { survivesKills } from "./points.ts";

survivesKills("telegram", [0, 1, 2, 3, 4]);
