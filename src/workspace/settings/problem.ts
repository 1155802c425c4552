import { UserError } from "../../runtime/errors.ts";

/** Where a value stands in a file: keys of mappings, indexes of lists. */
export type Path = readonly (string | number)[];

/** A mistake of the person who wrote a file: what is wrong at a line, and what to do about it. */
export interface Problem {
  /** Counted from 1. */
  readonly line: number;
  readonly what: string;
  readonly remedy: string;
}

export interface PlacedProblem extends Problem {
  /** From the top of the file. */
  readonly path: Path;
}

/** EX_CONFIG: service managers are told not to restart on it, since a restart would not help. */
export const EXIT_CONFIG = 78;

export function printProblem(file: string, problem: Problem): string {
  return `${file}:${problem.line}: ${printPlainly(problem)}`;
}

/** A problem whose place is told apart from it. */
export const printPlainly = ({ what, remedy }: Problem): string => `${what}; ${remedy}`;

/** All mistakes at once, one line each, in the order of the file. */
export function problemsError(file: string, problems: readonly Problem[]): UserError {
  const lines = problems
    .toSorted((a, b) => a.line - b.line)
    .map((problem) => printProblem(file, problem));
  return new UserError([...new Set(lines)].join("\n"), { exitCode: EXIT_CONFIG });
}

/** "channels.telegram.allow_from[0]" */
export function printPath(path: Path): string {
  return path
    .map((part, index) => {
      if (typeof part === "number") return `[${part}]`;
      return index === 0 ? part : `.${part}`;
    })
    .join("");
}

/** A path as the key of a map. */
export const pathKey = (path: Path): string => JSON.stringify(path);
