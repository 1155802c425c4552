/** What a new workspace can be given; what is left out stays as it is shipped. */
export interface Settings {
  readonly provider?: string;
  readonly model?: string;
  readonly apiKey?: string;
  readonly apiBase?: string;
  readonly telegramToken?: string;
  readonly discordToken?: string;
}

/** What was given, and nothing else that may be among the options. */
export function settingsOf(options: Settings): Settings {
  const { provider, model, apiKey, apiBase, telegramToken, discordToken } = options;
  const all = { provider, model, apiKey, apiBase, telegramToken, discordToken };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** The names under which the configuration refers to the secrets. */
export const API_KEY_NAME = "LLM_API_KEY";

/** What belongs into `.env`. */
export function secretsOf({ apiKey, telegramToken, discordToken }: Settings) {
  const all = {
    [API_KEY_NAME]: apiKey,
    TELEGRAM_BOT_TOKEN: telegramToken,
    DISCORD_BOT_TOKEN: discordToken,
  };
  return Object.entries(all).filter((entry): entry is [string, string] => Boolean(entry[1]));
}
