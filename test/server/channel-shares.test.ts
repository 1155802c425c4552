import { expect, it } from "vitest";
import { createChannelShares } from "../../src/server/channel-shares.ts";

it("channelShares leaves a channel its slots however many another one holds", () => {
  const shares = createChannelShares(4, () => 2);
  const hanging = [1, 2, 3, 4].map(() => shares.enter("discord"));
  expect(hanging).toEqual([true, true, false, false]);
  expect([shares.enter("telegram"), shares.enter("telegram")]).toEqual([true, true]);
  shares.leave("discord");
  expect(shares.enter("discord")).toBe(true);
});

it("channelShares gives all slots to the only channel, and at least one to each of many", () => {
  const alone = createChannelShares(3, () => 1);
  expect([1, 2, 3, 4].map(() => alone.enter("telegram"))).toEqual([true, true, true, false]);
  const many = createChannelShares(2, () => 5);
  expect([many.enter("a"), many.enter("a"), many.enter("b")]).toEqual([true, false, true]);
});
