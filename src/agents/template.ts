import { join } from "node:path";
import type { WorkspacePaths } from "../workspace/paths.ts";

/** Puts `{{workspace}}`, `{{agents_path}}` and their kin into a text. Unknown names are left as they are. */
export type FillTemplate = (text: string) => string;

export function createTemplate(paths: WorkspacePaths): FillTemplate {
  const values = new Map([
    ["workspace", paths.root],
    ["agents_path", paths.agents],
    ["skills_path", join(paths.root, "skills")],
    ["crons_path", join(paths.root, "crons")],
    ["memories_path", join(paths.root, "memories")],
    ["history_path", paths.history],
  ]);
  return (text) =>
    text.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => values.get(name) ?? whole);
}
