import { asError } from "./errors.ts";

type Release = () => void | Promise<void>;

/** Resources register their release as they are made; all are released once, in reverse, and every error is gathered. */
export interface Releasers {
  add(release: Release): void;
  releaseAll(): Promise<void>;
}

export function createReleasers(): Releasers {
  const pending: Release[] = [];
  return {
    add: (release) => void pending.push(release),
    async releaseAll() {
      const errors: Error[] = [];
      for (let release = pending.pop(); release; release = pending.pop()) {
        try {
          await release();
        } catch (error) {
          errors.push(asError(error));
        }
      }
      if (errors.length > 0) throw new AggregateError(errors, "Cannot release everything");
    },
  };
}
