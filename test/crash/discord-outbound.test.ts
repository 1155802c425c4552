import { survivesKills } from "./points.ts";

survivesKills("discord", [5, 6, 7, 8, 9, 10]);
