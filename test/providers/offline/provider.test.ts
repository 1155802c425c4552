import type { LanguageModelV3Prompt, LanguageModelV3StreamPart } from "@ai-sdk/provider";
import { describe, expect, it } from "vitest";
import { createOfflineModel } from "../../../src/providers/offline/provider.ts";

const model = createOfflineModel({ clock: { now: () => Date.UTC(2026, 10, 21) } });
const prompt: LanguageModelV3Prompt = [
  { role: "system", content: "You are a pickle." },
  { role: "user", content: [{ type: "text", text: "note: buy milk" }] },
  { role: "assistant", content: [{ type: "text", text: "note: not mine" }] },
  { role: "user", content: [{ type: "text", text: "notes" }] },
];

async function readAll(stream: ReadableStream<LanguageModelV3StreamPart>) {
  const parts: LanguageModelV3StreamPart[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

describe("offline model", () => {
  it("streams its answer word by word", async () => {
    const parts = await readAll((await model.doStream({ prompt })).stream);
    const words = parts.flatMap((part) => (part.type === "text-delta" ? [part.delta] : []));
    expect(words).toEqual(["I ", "remember:\n", "- ", "buy ", "milk"]);
    expect(parts.map(({ type }) => type).filter((type) => type !== "text-delta")).toEqual([
      "stream-start",
      "text-start",
      "text-end",
      "finish",
    ]);
    expect(parts.at(-1)).toMatchObject({ finishReason: { unified: "stop", raw: "stop" } });
  });

  it("goes by the person's own messages only, and says the same at once", async () => {
    const { content } = await model.doGenerate({ prompt });
    expect(content).toEqual([{ type: "text", text: "I remember:\n- buy milk" }]);
  });

  it("stops in the middle when the signal aborts, with the signal's reason", async () => {
    const controller = new AbortController();
    const { stream } = await model.doStream({ prompt, abortSignal: controller.signal });
    const reader = stream.getReader();
    await reader.read();
    const reason = new Error("stopped");
    controller.abort(reason);
    const rest = async () => {
      while (!(await reader.read()).done);
    };
    await expect(rest()).rejects.toBe(reason);
    await expect(model.doStream({ prompt, abortSignal: controller.signal })).rejects.toBe(reason);
  });
});
