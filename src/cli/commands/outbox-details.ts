import type * as z from "zod";
import type { Failure, Note } from "../../events/note.ts";
import { plural } from "../../runtime/plural.ts";
import type { detailsSchema } from "../../server/control/results.ts";

type Details = z.output<typeof detailsSchema>;

/** All that is known about one event: what it says, how far it got, and each attempt. */
export function describeDetails(details: Details): readonly string[] {
  const { ref, state, reason, text, note, channel, chat } = details;
  return [
    `${ref}: ${state}${reason === undefined ? "" : `, ${reason}`}`,
    `${details.box === "inbox" ? "message" : "reply"}, ${channel ?? "?"}, chat ${chat ?? "?"}`,
    `accepted ${time(details.acceptedAt)}, ${plural(details.attempts, "failed attempt")}`,
    ...(details.dueAt === undefined ? [] : [`next attempt not before ${time(details.dueAt)}`]),
    ...section("parts", partLines(note.progress)),
    ...section("attempts", note.failures.map(attemptLine)),
    "",
    text ?? "(not readable)",
  ];
}

const time = (ms: number) => new Date(ms).toISOString();

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ["", title, ...lines];

const attemptLine = ({ at, reason }: Failure) => `  ${time(at)}  ${reason}`;

/** Of each part: the platform's id, or how far it got. */
function partLines({ parts = [], receipts = [], sending }: Note["progress"]): readonly string[] {
  return parts.map((_, index) => {
    const number = `  ${index + 1} of ${parts.length}  `;
    const receipt = receipts[index];
    if (receipt !== undefined) return `${number}sent, message ${receipt}`;
    const mayHaveGone = sending?.part === index && sending.left;
    return `${number}${mayHaveGone ? `may have been sent ${time(sending.at)}` : "not sent"}`;
  });
}
