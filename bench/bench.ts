import type { Result } from "./rounds.ts";

/** What a scenario is given. */
export interface Bench {
  /** A fresh folder on the disk that is measured; removed at the end. */
  folder(name: string): Promise<string>;
  readonly quick: boolean;
  /** The time for the whole run is used up: what has not begun is left out. */
  isOver(): boolean;
  /** For people who wait. */
  note(text: string): void;
}

/** One table of results. */
export interface Table {
  readonly title: string;
  /** What the rows are compared with, if with anything. */
  readonly reference?: string | undefined;
  readonly results: readonly Result[];
  /** Figures whose ratio to the reference is told. */
  readonly compared?: readonly string[];
  /** What could not take part, and why; what a reader must know. */
  readonly remarks?: readonly string[];
}

/** A figure that the project wants to reach. */
export interface Goal {
  readonly text: string;
  readonly wanted: string;
  readonly measured: string;
  readonly reached: boolean;
}

export interface Report {
  readonly tables: readonly Table[];
  readonly goals: readonly Goal[];
}

export type Scenario = (bench: Bench) => Promise<Report>;
