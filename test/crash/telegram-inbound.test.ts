import { inboundKills } from "./cases/inbound.ts";

inboundKills("telegram");
