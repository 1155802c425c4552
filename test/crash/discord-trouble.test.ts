import { survivesKills } from "./points.ts";

survivesKills("discord", [11, 12, 14]);
