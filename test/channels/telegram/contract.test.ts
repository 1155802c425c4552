import { channelContract } from "../../contracts/channel-contract.ts";
import { telegramContractRig } from "./telegram-rig.ts";

channelContract(
  "telegram",
  {
    confirms: true,
    typing: true,
    findSent: "the Bot API cannot read what a bot has sent",
    rateLimitMs: 2_000,
  },
  () => telegramContractRig(),
);
