import { cancel, intro, isCancel, outro, password, select, text } from "@clack/prompts";
import type { Settings } from "./settings.ts";

/** The default answers of each provider; a model's name changes too often to know it here. */
const PROVIDERS = [
  { value: "offline", label: "Offline", hint: "built in: no key, no internet, not clever" },
  { value: "openai-compatible", label: "Ollama, vLLM, OpenRouter, …", hint: "OpenAI's API" },
  { value: "openai", label: "OpenAI" },
  { value: "anthropic", label: "Anthropic" },
  { value: "google", label: "Google" },
];

/** Asks a person; undefined if they gave up. Nobody is let in by an answer: that is what pairing is for. */
export async function askSettings(): Promise<Settings | undefined> {
  intro("A new workspace for my-bot");
  const model = await askModel();
  const tokens = model && (await askTokens());
  if (!tokens) {
    cancel("Cancelled");
    return undefined;
  }
  outro("Thank you");
  return { ...model, ...tokens };
}

async function askModel(): Promise<Settings | undefined> {
  const provider = await select({ message: "Which model answers?", options: PROVIDERS });
  if (isCancel(provider)) return undefined;
  if (provider === "offline") return {};
  const isCompatible = provider === "openai-compatible";
  const apiBase = isCompatible ? await askText("Its address", "http://127.0.0.1:11434/v1") : "";
  if (apiBase === undefined) return undefined;
  const model = await askText("The model's name", "");
  if (model === undefined) return undefined;
  const apiKey = await askSecret("Its key; it goes into .env", { mayBeEmpty: isCompatible });
  if (apiKey === undefined) return undefined;
  return { provider, model, ...(apiBase ? { apiBase } : {}), ...(apiKey ? { apiKey } : {}) };
}

async function askTokens(): Promise<Settings | undefined> {
  const telegramToken = await askSecret(
    "Token of a Telegram bot, from @BotFather (Enter: none)",
    OPTIONAL,
  );
  if (telegramToken === undefined) return undefined;
  const discordToken = await askSecret("Token of a Discord bot (Enter: none)", OPTIONAL);
  if (discordToken === undefined) return undefined;
  return {
    ...(telegramToken ? { telegramToken } : {}),
    ...(discordToken ? { discordToken } : {}),
  };
}

const needed = (given: string | undefined) => (given?.trim() ? undefined : "This is needed");

async function askText(message: string, initialValue: string): Promise<string | undefined> {
  const given = await text({ message, initialValue, validate: needed });
  return isCancel(given) ? undefined : given.trim();
}

const OPTIONAL = { mayBeEmpty: true };

/** An empty text if it was skipped. */
async function askSecret(
  message: string,
  { mayBeEmpty }: { mayBeEmpty: boolean },
): Promise<string | undefined> {
  const given = await password({ message, ...(mayBeEmpty ? {} : { validate: needed }) });
  return isCancel(given) ? undefined : (given ?? "").trim();
}
