import { describe, expect, it } from "vitest";
import { nonceOf } from "../../../src/channels/discord/nonce.ts";

describe("nonceOf", () => {
  it("is the same for the same part, and has Discord's length at most", () => {
    const key = "telegram/1/2/reply".repeat(50);
    expect(nonceOf(key)).toBe(nonceOf(key));
    expect(nonceOf(key).length).toBeLessThanOrEqual(25);
  });

  it("is another one for each other part", () => {
    const nonces = Array.from({ length: 10_000 }, (_, i) => nonceOf(`key/${i}`));
    expect(new Set(nonces).size).toBe(nonces.length);
  });
});
