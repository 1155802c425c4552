import { survivesKills } from "./points.ts";

survivesKills("discord", [0, 1, 2, 3, 4]);
