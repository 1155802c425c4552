import * as z from "zod";

/** Options that every platform's channel has. Ids may be written as numbers or as text; they are texts inside. */
const idSchema = z.union([z.string().min(1), z.number().int()]).transform(String);

/** `"*"` in the list means everyone; the start warns about it. */
const allowListSchema = z.array(idSchema);

export const accessShape = {
  /** Users who may talk to the bot. Empty: nobody. */
  allow_from: allowListSchema.default([]),
  /** Groups in which the bot answers, by chat id. `mention: false` answers every message there. */
  groups: z
    .record(
      z.string(),
      z.strictObject({
        mention: z.boolean().default(true),
        /** Users who may talk to the bot in this group; without it, the channel's list counts. */
        allow_from: allowListSchema.optional(),
      }),
    )
    .default({}),
};

export const urlSchema = z
  .url({ protocol: /^https?$/ })
  .transform((url) => url.replace(/\/+$/, ""));
