import { stopSignals } from "./stopping.ts";

stopSignals("telegram");
