import { assertNever } from "../runtime/assert-never.ts";
import type { Clock } from "../runtime/clock.ts";
import type { LlmOptions, RemoteOptions } from "./options.ts";
import type { Model } from "./provider.ts";
import { strictModel } from "./strict-model.ts";

export interface ModelDeps {
  readonly clock: Clock;
}

/**
 * The configured model, ready to be called; `strictModel` says what can be counted on. It makes one request a call and
 * never tries again. Only the adapter that is needed is loaded.
 */
export async function createModel(options: LlmOptions, deps: ModelDeps): Promise<Model> {
  if (options.provider === "offline") {
    const { createOfflineModel } = await import("./offline/provider.ts");
    return createOfflineModel(deps);
  }
  return strictModel(await createRemoteModel(options), options);
}

async function createRemoteModel(options: RemoteOptions): Promise<Model> {
  switch (options.provider) {
    case "openai": {
      const { createOpenAIModel } = await import("./openai/provider.ts");
      return createOpenAIModel(options);
    }
    case "anthropic": {
      const { createAnthropicModel } = await import("./anthropic/provider.ts");
      return createAnthropicModel(options);
    }
    case "google": {
      const { createGoogleModel } = await import("./google/provider.ts");
      return createGoogleModel(options);
    }
    case "openai-compatible": {
      const { createCompatibleModel } = await import("./openai-compatible/provider.ts");
      return createCompatibleModel(options);
    }
    default:
      return assertNever(options);
  }
}
