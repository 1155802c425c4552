import { outboundKills } from "./cases/outbound.ts";

outboundKills("telegram");
