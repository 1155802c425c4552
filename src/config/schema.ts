import * as z from "zod";
import { llmSchema } from "../providers/options.ts";
import { durationSchema } from "../runtime/duration.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const countSchema = z.number().int().min(1).max(1_000_000_000);

/** How replies are sent. */
const deliverySchema = z
  .strictObject({
    give_up_after: durationSchema().default(24 * HOUR),
    repeat_label: z.string().default("(may be a repeat)"),
    concurrency: countSchema.default(64),
  })
  .transform((written) => ({
    giveUpAfterMs: written.give_up_after,
    /** Empty for none. */
    repeatLabel: written.repeat_label,
    concurrency: written.concurrency,
  }));

/** What is kept of messages that were handled: the memory that stops second answers. */
const eventsSchema = z
  .strictObject({
    // Telegram can send an update again for 24 hours.
    keep_done: durationSchema({ minMs: 24 * HOUR }).default(48 * HOUR),
    keep_done_count: countSchema.default(200_000),
    sync: z.enum(["full", "process"]).default("full"),
  })
  .transform((written) => ({
    keepDoneMs: written.keep_done,
    keepDoneCount: written.keep_done_count,
    /** What confirmed data survives: also a power cut, or only the death of the process. */
    sync: written.sync,
  }));

/** What happens with messages that have waited. */
const inboundSchema = z
  .strictObject({ stale_after: durationSchema({ minMs: 0 }).default(HOUR) })
  .transform((written) => ({
    /** 0: never. */
    staleAfterMs: written.stale_after,
  }));

/** How messages are answered. */
const turnsSchema = z
  .strictObject({
    concurrency: countSchema.default(16),
    model_timeout: durationSchema().default(120 * SECOND),
    model_idle_timeout: durationSchema().default(60 * SECOND),
    tool_timeout: durationSchema().default(60 * SECOND),
    turn_timeout: durationSchema().default(10 * MINUTE),
    max_steps: countSchema.default(20),
    give_up_after: durationSchema().default(15 * MINUTE),
  })
  .transform((written) => ({
    concurrency: written.concurrency,
    modelTimeoutMs: written.model_timeout,
    /** Longest silence in the middle of a model's answer. */
    modelIdleTimeoutMs: written.model_idle_timeout,
    toolTimeoutMs: written.tool_timeout,
    turnTimeoutMs: written.turn_timeout,
    /** Model calls in one turn. */
    maxSteps: written.max_steps,
    /** How long transient failures of the model are retried before the person is told. */
    giveUpAfterMs: written.give_up_after,
  }));

const logSchema = z.strictObject({
  level: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
});

/** `<channel>/<user or chat>`; the second half may contain slashes. */
const ownerSchema = z.string().transform((text, context) => {
  const slash = text.indexOf("/");
  const [channel, chat] = [text.slice(0, slash).trim(), text.slice(slash + 1).trim()];
  if (slash > 0 && channel !== "" && chat !== "") return { channel, chat };
  context.addIssue({ code: "custom", message: "write <channel>/<user or chat>", input: text });
  return z.NEVER;
});

/** Everything but the channels, whose forms depend on their platforms. */
export const settingsSchema = z.strictObject({
  default_agent: z.string().trim().min(1).default("pickle"),
  owner: ownerSchema.optional(),
  llm: llmSchema.prefault({ provider: "offline" }),
  channels: z.record(z.string(), z.unknown()).default({}),
  delivery: deliverySchema.prefault({}),
  events: eventsSchema.prefault({}),
  inbound: inboundSchema.prefault({}),
  turns: turnsSchema.prefault({}),
  log: logSchema.prefault({}),
});

/** What may be set for `channels.terminal`: the terminal that the server was started on. */
export const terminalSchema = z.strictObject({ enabled: z.boolean().default(true) });

/** What may be set for every channel beside its platform's own options. */
export const channelShape = {
  platform: z.string().optional(),
  enabled: z.boolean().default(true),
};

export type Settings = z.output<typeof settingsSchema>;
