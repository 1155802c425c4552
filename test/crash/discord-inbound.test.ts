import { inboundKills } from "./cases/inbound.ts";

inboundKills("discord");
