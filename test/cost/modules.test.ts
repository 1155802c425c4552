import { expect, test } from "vitest";
import { z } from "zod";
import type { Platform } from "../rig/conversation.ts";
import { startWatched } from "./counted-server.ts";

const modulesSchema = z.object({ modules: z.array(z.string()) });

/** A start may be slow beside the tests that need the machine most. */
const PATIENCE_MS = 90_000;

/** Addresses of all files that were loaded as modules when the channels are connected. */
async function modulesOf(channels: readonly Platform[]): Promise<readonly string[]> {
  const server = await startWatched({ rig: { channels }, preloads: ["modules.cjs"] });
  try {
    return modulesSchema.parse(await server.ask("modules")).modules;
  } finally {
    await server.close();
  }
}

// Start time and idle memory are mostly modules. Who exceeds a limit with reason raises it here, and says so.
test.each<{ channels: Platform[]; most: number; without: string[] }>([
  { channels: [], most: 220, without: ["grammy", "discord.js", "markdown-it", "@ai-sdk/openai"] },
  { channels: ["telegram"], most: 265, without: ["discord.js", "markdown-it", "@ai-sdk/openai"] },
  { channels: ["discord"], most: 860, without: ["grammy", "markdown-it", "@ai-sdk/openai"] },
  { channels: ["telegram", "discord"], most: 905, without: ["markdown-it", "@ai-sdk/openai"] },
])(
  "a start with $channels loads at most $most modules",
  async ({ channels, most, without }) => {
    const modules = await modulesOf(channels);
    for (const name of without) {
      expect(modules.filter((url) => url.includes(`/node_modules/${name}/`))).toEqual([]);
    }
    // Somebody who sees nothing finds no fault either.
    expect(modules.length).toBeGreaterThan(100);
    expect(modules.length).toBeLessThanOrEqual(most);
  },
  PATIENCE_MS,
);
