/**
 * `fetch` that hands a redirect back as an answer of its own. Followed, it would carry the conversation, and the keys
 * that are not in the Authorization header, to a host that nobody configured.
 */
export const fetchWithoutRedirects: typeof fetch = (input, init) =>
  fetch(input, { ...init, redirect: "manual" });
