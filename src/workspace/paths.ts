import { join } from "node:path";

/** Where everything is in a workspace folder. */
export interface WorkspacePaths {
  readonly root: string;
  /** The person's configuration. */
  readonly userConfig: string;
  /** The machine's configuration: pairing. Small, replaced whole. */
  readonly runtimeConfig: string;
  readonly env: string;
  readonly agents: string;
  readonly events: string;
  readonly history: string;
  readonly logs: string;
}

export function workspacePaths(root: string): WorkspacePaths {
  return {
    root,
    userConfig: join(root, "config.user.yaml"),
    runtimeConfig: join(root, "config.runtime.yaml"),
    env: join(root, ".env"),
    agents: join(root, "agents"),
    events: join(root, ".event"),
    history: join(root, ".history"),
    logs: join(root, ".logs"),
  };
}
