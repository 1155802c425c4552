import type {
  LanguageModelV3CallOptions,
  LanguageModelV3FinishReason,
  LanguageModelV3StreamPart,
} from "@ai-sdk/provider";
import type { Model } from "../../src/providers/provider.ts";

/** What the model does in one call. */
export type ScriptedCall =
  /** Streams the text, word by word. `finish` is "stop" unless said otherwise. */
  | { readonly kind: "text"; readonly text: string; readonly finish?: Finish }
  | {
      readonly kind: "tools";
      readonly text?: string;
      readonly calls: readonly { id: string; name: string; input?: string }[];
    }
  /** The call itself fails. */
  | { readonly kind: "error"; readonly error: unknown }
  /** Streams the text, then an error part. */
  | { readonly kind: "error-part"; readonly text: string; readonly error: unknown }
  /** Streams the text, then the connection breaks. */
  | { readonly kind: "break"; readonly text: string; readonly error: unknown }
  /** Streams the text, then the connection is closed politely. */
  | { readonly kind: "cut"; readonly text: string }
  /** Streams the text, then says nothing more, whatever happens to the signal. */
  | { readonly kind: "stall"; readonly text: string }
  /** Never answers, and takes no notice of the signal. */
  | { readonly kind: "hang" };
type Finish = LanguageModelV3FinishReason["unified"];

export interface ScriptedModel extends Model {
  /** What each call was asked, in order. */
  readonly asked: readonly LanguageModelV3CallOptions[];
  /** Streams that were given up before their end. */
  cancelled(): number;
}

export const says = (text: string, finish: Finish = "stop"): ScriptedCall => ({
  kind: "text",
  text,
  finish,
});

export const wants = (...calls: { id: string; name: string; input?: string }[]): ScriptedCall => ({
  kind: "tools",
  calls,
});

/** Chooses what to do by what it is asked, like a model without memory. */
type Script = (options: LanguageModelV3CallOptions) => ScriptedCall | undefined;

/** Plays one entry a call, or what the function says. A call beyond the script fails the test that made it. */
export function createScriptedModel(script: readonly ScriptedCall[] | Script): ScriptedModel {
  const asked: LanguageModelV3CallOptions[] = [];
  const given = typeof script === "function" ? undefined : [...script];
  let cancelled = 0;
  return {
    specificationVersion: "v3",
    provider: "scripted",
    modelId: "scripted-1",
    supportedUrls: {},
    asked,
    cancelled: () => cancelled,
    doGenerate: () => Promise.reject(new Error("Only streams are scripted")),
    async doStream(options) {
      asked.push(options);
      const call = typeof script === "function" ? script(options) : given?.shift();
      if (!call) throw new Error(`Call ${asked.length} is not in the script`);
      if (call.kind === "error") throw call.error;
      if (call.kind === "hang") return new Promise(() => {});
      const onCancel = () => {
        cancelled += 1;
      };
      return { stream: play(call, onCancel) };
    },
  };
}

type Streamed = Exclude<ScriptedCall, { kind: "error" | "hang" }>;

function play(call: Streamed, onCancel: () => void): ReadableStream<LanguageModelV3StreamPart> {
  const parts = [...textParts(call.text ?? ""), ...lastParts(call)];
  return new ReadableStream({
    async pull(controller) {
      const part = parts.shift();
      if (part) return controller.enqueue(part);
      if (call.kind === "break") return controller.error(call.error);
      if (call.kind === "stall") return new Promise(() => {});
      controller.close();
    },
    cancel: onCancel,
  });
}

function textParts(text: string): LanguageModelV3StreamPart[] {
  const words = text.match(/\s*\S+|\s+/g) ?? [];
  if (words.length === 0) return [];
  return [
    { type: "text-start", id: "0" },
    ...words.map((delta) => ({ type: "text-delta" as const, id: "0", delta })),
    { type: "text-end", id: "0" },
  ];
}

function lastParts(call: Streamed): LanguageModelV3StreamPart[] {
  switch (call.kind) {
    case "text":
      return [finishPart(call.finish ?? "stop")];
    case "tools":
      return [
        ...call.calls.map(({ id, name, input = "{}" }) => ({
          type: "tool-call" as const,
          toolCallId: id,
          toolName: name,
          input,
        })),
        finishPart("tool-calls"),
      ];
    case "error-part":
      return [{ type: "error", error: call.error }];
    default:
      return [];
  }
}

function finishPart(unified: Finish): LanguageModelV3StreamPart {
  return {
    type: "finish",
    finishReason: { unified, raw: unified },
    usage: {
      inputTokens: { total: 7, noCache: 7, cacheRead: 0, cacheWrite: 0 },
      outputTokens: { total: 3, text: 3, reasoning: 0 },
    },
  };
}
