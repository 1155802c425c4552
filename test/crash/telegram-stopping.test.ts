import { stopSignals } from "./cases/stopping.ts";

stopSignals("telegram");
