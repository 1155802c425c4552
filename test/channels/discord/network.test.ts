import { createDiscordChannel } from "../../../src/channels/discord/channel.ts";
import { discordOptionsSchema } from "../../../src/channels/discord/options.ts";
import { fastClock } from "../../builders/fast-clock.ts";
import { createRecordingLog } from "../../builders/recording-log.ts";
import { networkContract } from "../../contracts/network-contract.ts";
import { createDiscordFake } from "../../fakes/discord/server.ts";
import { ADA, memoryMarks } from "./rig.ts";

const error = (code: number) => `{"message":"No","code":${code}}`;
const ambiguous = { kind: "transient", ambiguous: true } as const;
const notSent = { kind: "transient", ambiguous: false } as const;

networkContract(
  "discord",
  {
    sendLine: /^POST \S+\/messages /,
    refusals: [
      [401, error(0), { kind: "disconnected" }],
      [403, error(50_007), { kind: "permanent" }],
      [404, error(10_003), { kind: "permanent" }],
      [404, error(0), notSent],
      [404, '{"message":"Not Found"}', notSent],
      [429, '{"message":"No","retry_after":1.5}', { kind: "rate-limited", retryAfterMs: 1_500 }],
      [429, '{"message":"No","retry_after":-1}', { kind: "rate-limited", retryAfterMs: 1_000 }],
      [
        429,
        '{"message":"No","retry_after":1e300}',
        { kind: "rate-limited", retryAfterMs: 24 * 3_600_000 },
      ],
      [500, error(0), ambiguous],
    ],
    withoutId: ['{"content":"x"}', '{"id":1}', '{"id":null}', "[]", '{"id":""}'],
  },
  async () => {
    const fake = await createDiscordFake();
    const chat = fake.dm(ADA);
    const deps = { clock: fastClock, random: () => 0.5, log: createRecordingLog().log };
    return {
      url: fake.url,
      channel: (apiRoot) =>
        createDiscordChannel(
          "discord",
          discordOptionsSchema.parse({ token: fake.token, api_root: apiRoot }),
          { ...deps, marks: memoryMarks() },
        ),
      address: { chat },
      shown: (text) => fake.replies(chat).filter(({ content }) => content === text).length,
      sendRequests: () => fake.requests(/^POST \S+\/messages$/).length,
      openRequests: fake.openConnections,
      failNextSend: (fault) => fake.fault(/^POST \S+\/messages$/, fault),
      close: fake.close,
    };
  },
);
