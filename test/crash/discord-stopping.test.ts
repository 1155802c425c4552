import { stopSignals } from "./stopping.ts";

stopSignals("discord");
