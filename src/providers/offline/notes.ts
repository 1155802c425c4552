/** What a message wants of the notes. */
type NoteRequest =
  | { readonly kind: "add"; readonly note: string }
  | { readonly kind: "list" }
  | { readonly kind: "clear" };

/** "note: buy milk", "remember that my cat is called Tom", "please remember to call Ann" */
const ADD =
  /^(?:note(?::|\s+that\b)|(?:please\s+)?remember(?:\s+(?:that|to)\b|:|\b(?!\s*\?)))\s*(\S[\s\S]*)$/i;
const LIST =
  /^(?:what do you remember(?:\s+about\s+me)?|(?:(?:show|list)\s+)?(?:my\s+|your\s+)?notes)\s*[?.!]*$/i;
const CLEAR =
  /^(?:please\s+)?(?:forget|delete|clear)\s+(?:everything|all(?:\s+(?:of\s+)?(?:my\s+)?notes)?|my\s+notes|notes)\s*[.!]*$/i;

function readRequest(text: string): NoteRequest | undefined {
  if (LIST.test(text)) return { kind: "list" };
  if (CLEAR.test(text)) return { kind: "clear" };
  const note = ADD.exec(text)?.[1]?.replace(/\s+/g, " ").trim();
  return note === undefined ? undefined : { kind: "add", note };
}

/**
 * Answers a message about notes; `undefined` if it is about something else. The notes are nowhere but in the person's
 * own earlier messages, so they live exactly as long as the session.
 */
export function answerNotes(text: string, earlier: readonly string[]): string | undefined {
  const request = readRequest(text);
  if (request === undefined) return undefined;
  const notes = collect(earlier);
  switch (request.kind) {
    case "add":
      return `I will remember: ${request.note}`;
    case "clear":
      return notes.length === 0 ? "There was nothing to forget." : "I have forgotten all notes.";
    case "list":
      return notes.length === 0
        ? 'I have no notes yet. Say "remember that…" or "note: …".'
        : ["I remember:", ...notes.map((note) => `- ${note}`)].join("\n");
  }
}

function collect(messages: readonly string[]): string[] {
  const notes: string[] = [];
  for (const request of messages.map(readRequest)) {
    if (request?.kind === "add") notes.push(request.note);
    if (request?.kind === "clear") notes.length = 0;
  }
  return notes;
}
