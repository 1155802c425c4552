import { createTelegramChannel } from "../../../src/channels/telegram/channel.ts";
import { fastClock } from "../../builders/fast-clock.ts";
import { createRecordingLog } from "../../builders/recording-log.ts";
import { networkContract } from "../../contracts/network-contract.ts";
import { createTelegramFake } from "../../fakes/telegram/server.ts";
import { ADA, telegramOptions } from "./telegram-rig.ts";

const error = (code: number, more = "") =>
  `{"ok":false,"error_code":${code},"description":"No"${more}}`;
const ambiguous = { kind: "transient", ambiguous: true } as const;
const notSent = { kind: "transient", ambiguous: false } as const;

networkContract(
  "telegram",
  {
    sendLine: /\/sendMessage /,
    refusals: [
      [401, error(401), { kind: "disconnected" }],
      [404, error(404), { kind: "disconnected" }],
      [403, error(403), { kind: "permanent" }],
      [
        429,
        error(429, ',"parameters":{"retry_after":3}'),
        { kind: "rate-limited", retryAfterMs: 3_000 },
      ],
      [
        429,
        error(429, ',"parameters":{"retry_after":-3}'),
        { kind: "rate-limited", retryAfterMs: 5_000 },
      ],
      [
        429,
        error(429, ',"parameters":{"retry_after":"x"}'),
        { kind: "rate-limited", retryAfterMs: 5_000 },
      ],
      [500, error(500), ambiguous],
      // A status that was rewritten on the way: what the Bot API itself says counts, if it can be true.
      [200, error(403), { kind: "permanent" }],
      [200, error(500), ambiguous],
      [200, '{"ok":false}', ambiguous],
      [200, error(200), ambiguous],
      [502, error(400), ambiguous],
      [403, error(500), notSent],
      [404, '{"ok":false,"description":"Not Found"}', notSent],
    ],
    withoutId: [
      '{"ok":true}',
      '{"ok":true,"result":null}',
      '{"ok":true,"result":true}',
      '{"ok":true,"result":{}}',
      '{"ok":true,"result":{"message_id":"x"}}',
      '{"ok":"true","result":{"message_id":1}}',
    ],
  },
  async () => {
    const fake = await createTelegramFake();
    fake.chat(ADA.id);
    const deps = { clock: fastClock, random: () => 0.5, log: createRecordingLog().log };
    return {
      url: fake.url,
      channel: (apiRoot) =>
        createTelegramChannel("telegram", telegramOptions({ ...fake, url: apiRoot }), deps),
      address: { chat: String(ADA.id) },
      shown: (text) => fake.replies(ADA.id).filter((message) => message.text === text).length,
      sendRequests: () => fake.requests("sendMessage").length,
      openRequests: fake.openRequests,
      failNextSend: (fault) => fake.fault("sendMessage", fault),
      close: fake.close,
    };
  },
);
