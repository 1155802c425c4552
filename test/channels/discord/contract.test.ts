import {
  type ChannelRig,
  channelContract,
  type SendFault,
} from "../../contracts/channel-contract.ts";
import type { DiscordFake } from "../../fakes/discord/server.ts";
import { ADA, createRig } from "./rig.ts";

const POST = /^POST \/channels\/\d+\/messages$/;

// weaknesses.md W-I5: the handler's name was not the event's; this fake speaks the real gateway's protocol.
channelContract(
  "discord",
  {
    confirms: "Discord confirms nothing: see catch-up.test.ts",
    typing: true,
    findSent: true,
    rateLimitMs: 1_500,
  },
  async (): Promise<ChannelRig> => {
    const { fake, channel } = await createRig();
    const chat = fake.dm(ADA);
    return {
      channel: channel(),
      address: { chat },
      say: async (text) => void fake.say(ADA, text),
      shown: () => fake.replies(chat).map(({ id, content }) => ({ id, text: unescaped(content) })),
      sendRequests: () => fake.requests(POST).length,
      typings: () => fake.typings(chat).length,
      unconfirmed: () => 0,
      inFlight: fake.openConnections,
      stopServer: fake.stop,
      startServer: fake.start,
      refuseToken: fake.revoke,
      failNextSend: (failure) => failNextSend(fake, failure),
      close: fake.close,
    };
  },
);

/** As Discord's apps show it: a backslash before a sign makes it an ordinary one. */
const unescaped = (text: string) => text.replace(/\\([^0-9A-Za-z\s])/g, "$1");

function failNextSend(fake: DiscordFake, failure: SendFault): void {
  const faults = {
    "rate-limited": { code: 429, retryAfter: 1.5 },
    blocked: { code: 403 },
    cut: { drop: true },
    "posted-then-cut": { deliverThenDrop: true },
    "server-error": { code: 502 },
  } as const;
  fake.fault(POST, faults[failure]);
}
