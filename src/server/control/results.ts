import * as z from "zod";
import { noteSchema } from "../../events/note.ts";
import type { ChannelReport, StatusReport } from "../status.ts";
import type { Outbox, OutboxEntry } from "./outbox-files.ts";

/** What the server answers, as its clients read it. */
const channelSchema: z.ZodType<ChannelReport> = z.object({
  name: z.string(),
  platform: z.string(),
  state: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("connecting") }),
    z.object({
      kind: z.literal("connected"),
      account: z.string(),
      lastPollAt: z.number().optional(),
      maxSilenceMs: z.number().optional(),
    }),
    z.object({ kind: z.literal("failing"), reason: z.string(), remedy: z.string() }),
  ]),
  since: z.number(),
  access: z.string(),
  problem: z.string().optional(),
});

const entryShape = {
  ref: z.string(),
  state: z.enum(["owed", "dead"]),
  box: z.enum(["inbox", "outbox"]),
  acceptedAt: z.number(),
  attempts: z.number(),
  dueAt: z.number().optional(),
  reason: z.string().optional(),
  channel: z.string().optional(),
  chat: z.string().optional(),
  text: z.string().optional(),
};
const entrySchema: z.ZodType<OutboxEntry> = z.object(entryShape);

export const statusSchema: z.ZodType<StatusReport> = z.object({
  version: z.string(),
  pid: z.number(),
  workspace: z.string(),
  startedAt: z.number(),
  ready: z.boolean(),
  problems: z.array(z.string()),
  warnings: z.array(z.string()).default([]),
  channels: z.array(channelSchema),
  events: z
    .object({
      inbox: z.number(),
      pending: z.number(),
      failed: z.number(),
      quarantined: z.number(),
      oldestOwedAt: z.number().optional(),
    })
    .transform((counts) => ({ oldestOwedAt: undefined, ...counts })),
  unseen: z.number(),
  letters: z.array(entrySchema).optional(),
  store: z.discriminatedUnion("ok", [
    z.object({ ok: z.literal(true) }),
    z.object({ ok: z.literal(false), reason: z.string(), since: z.number() }),
  ]),
  strangers: z.array(
    z.object({
      channel: z.string(),
      sender: z.object({ id: z.string(), name: z.string().optional() }),
      attempts: z.number(),
      lastAt: z.number(),
    }),
  ),
  pairingCode: z.string().optional(),
  memory: z.number(),
  loopDelay: z.object({ p99Ms: z.number(), maxMs: z.number() }),
});

export const outboxSchema: z.ZodType<Outbox> = z.object({
  total: z.number(),
  entries: z.array(entrySchema),
});

export const detailsSchema = z.object({ ...entryShape, event: z.unknown(), note: noteSchema });

export const decidedSchema = z.object({ ref: z.string() });

export const grantedSchema = z.object({
  channel: z.string(),
  user: z.string(),
  name: z.string().optional(),
});
