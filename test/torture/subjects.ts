import { fileURLToPath } from "node:url";
import { PLATFORMS, type Platform } from "../rig/conversation.ts";
import { createRig, type Rig, type RigOptions } from "../rig/rig.ts";
import type { Point } from "./points/point.ts";

/** A bot that is tortured. */
export interface Subject {
  readonly name: "my-bot" | "grammY" | "grammY runner";
  readonly platforms: readonly Platform[];
  takes(point: Point): boolean;
  createRig(channels: readonly Platform[]): Promise<Rig>;
}

/** Fewer than the other tests have: Discord opens a chat with each of them at every start. */
const PEOPLE = 12;
/** How many runs of any point their number is enough for. */
export const PLAYS_A_RIG = 5;

const rigOf = (channels: readonly Platform[], options: RigOptions) =>
  createRig({ channels, people: PEOPLE, ...options });

const MY_BOT: Subject = {
  name: "my-bot",
  platforms: PLATFORMS,
  takes: () => true,
  // peers #54: with the configuration that `init` writes.
  createRig: (channels) => rigOf(channels, { init: true }),
};

const plainBot = (name: Subject["name"], file: string): Subject => ({
  name,
  platforms: ["telegram"],
  takes: ({ plain }) => plain,
  createRig: (channels) =>
    rigOf(channels, {
      program: ({ telegram, model }) => [
        fileURLToPath(new URL(`./baselines/${file}`, import.meta.url)),
        telegram.token,
        telegram.url,
        model.apiBase,
      ],
    }),
});

export const SUBJECTS: readonly Subject[] = [
  MY_BOT,
  plainBot("grammY", "grammy.mjs"),
  plainBot("grammY runner", "grammy-runner.mjs"),
];
