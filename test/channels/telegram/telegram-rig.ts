import { createTelegramChannel } from "../../../src/channels/telegram/channel.ts";
import {
  type TelegramOptions,
  telegramOptionsSchema,
} from "../../../src/channels/telegram/options.ts";
import { fastClock } from "../../builders/fast-clock.ts";
import { createRecordingLog } from "../../builders/recording-log.ts";
import type { ChannelRig, SendFault } from "../../contracts/channel-contract.ts";
import type { Fault } from "../../fakes/fault.ts";
import {
  createTelegramFake,
  type TelegramFake,
  type TelegramFakeOptions,
} from "../../fakes/telegram/server.ts";

export const ADA = { id: 42, firstName: "Ada", username: "ada" };

export function telegramOptions(
  fake: Pick<TelegramFake, "url" | "token">,
  given: Readonly<Record<string, unknown>> = {},
): TelegramOptions {
  return telegramOptionsSchema.parse({ token: fake.token, api_root: fake.url, ...given });
}

export async function createTelegramRig(
  options: TelegramFakeOptions & { readonly config?: Readonly<Record<string, unknown>> } = {},
) {
  const fake = await createTelegramFake(options);
  fake.chat(ADA.id);
  const { log, entries } = createRecordingLog();
  const channel = createTelegramChannel("telegram", telegramOptions(fake, options.config), {
    log,
    clock: fastClock,
    random: () => 0.5,
  });
  return { fake, channel, log: entries };
}

const FAULTS: Readonly<Record<SendFault, Fault>> = {
  "rate-limited": { code: 429, retryAfter: 2 },
  blocked: { code: 403 },
  cut: { drop: true },
  "posted-then-cut": { deliverThenDrop: true },
  "server-error": { code: 502 },
};

export async function telegramContractRig(
  options?: Parameters<typeof createTelegramRig>[0],
): Promise<ChannelRig> {
  const { fake, channel } = await createTelegramRig(options);
  return {
    channel,
    address: { chat: String(ADA.id) },
    async say(text) {
      fake.say(ADA, text);
    },
    shown: () =>
      fake.replies(ADA.id).map(({ messageId, text }) => ({ id: String(messageId), text })),
    sendRequests: () => fake.requests("sendMessage").length,
    typings: () => fake.typings(ADA.id).length,
    unconfirmed: () => fake.unconfirmed(),
    inFlight: () => fake.openRequests(),
    stopServer: fake.stop,
    startServer: fake.start,
    refuseToken: (refused) => fake.revoke(refused),
    failNextSend: (failure) => fake.fault("sendMessage", FAULTS[failure]),
    close: fake.close,
  };
}
