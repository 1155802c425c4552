/** Takes secrets out of text before it is written or shown anywhere. */
export interface Redactor {
  /** From now on these values are replaced wherever they stand. Earlier ones stay known: old lines may be on their way. */
  add(secrets: readonly string[]): void;
  redact(text: string): string;
}

const REDACTED = "[secret]";

/** Shorter values ("none", "ollama") are words of ordinary sentences; a token with a colon is known at any length. */
const SHORTEST = 8;
const BOT_TOKEN_FORM = /^\d+:./;

/**
 * Credentials that are known by where they stand, so that one that was never configured is not shown either. The
 * replacement never takes a quote with it: a line of JSON stays one.
 */
const BY_PLACE: readonly (readonly [RegExp, string])[] = [
  [/\bbot\d+(?::|%3A)[\w-]+/gi, `bot${REDACTED}`],
  [
    /((?:authorization|x-api-key|x-goog-api-key|secret-token)\\?["']\s*[:,]\s*\[?\s*\\?["'])[^"'\\]+/gi,
    `$1${REDACTED}`,
  ],
  [
    /((?:authorization|x-api-key|x-goog-api-key|secret-token)\s*[:=]\s*)(?:(?:bearer|basic|bot)\s+)?[^\s"'\\,;]+/gi,
    `$1${REDACTED}`,
  ],
  [/\b(bearer\s+)(?=[\w.~+/=-]*\d)[\w.~+/=-]{8,}/gi, `$1${REDACTED}`],
  [/([?&](?:key|api_key|token|access_token)=)[^&\s"'\\]+/gi, `$1${REDACTED}`],
];

export function createRedactor(secrets: readonly string[] = []): Redactor {
  const known = new Set<string>();
  let pattern: RegExp | undefined;

  const add = (values: readonly string[]) => {
    for (const value of values.filter(isTelling))
      for (const form of formsOf(value)) known.add(form);
    // The longest first: a secret that begins with another one must not leave its end behind.
    const longestFirst = [...known].sort((a, b) => b.length - a.length).map(escapeRegExp);
    pattern = longestFirst.length > 0 ? new RegExp(longestFirst.join("|"), "g") : undefined;
  };
  add(secrets);

  return {
    add,
    redact(text) {
      const named = pattern ? text.replace(pattern, REDACTED) : text;
      return BY_PLACE.reduce((line, [place, shown]) => line.replace(place, shown), named);
    },
  };
}

const isTelling = (secret: string) => secret.length >= SHORTEST || BOT_TOKEN_FORM.test(secret);

/** A secret as it stands in plain text, in a URL, and in a JSON string. */
const formsOf = (secret: string) => [
  secret,
  encodeURIComponent(secret),
  JSON.stringify(secret).slice(1, -1),
];

const escapeRegExp = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
