import { killsDuringStart } from "./cases/during-start.ts";

killsDuringStart("discord");
