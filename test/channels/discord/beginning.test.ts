import { setTimeout as delay } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { eventually } from "../../contracts/recording-receiver.ts";
import { ADA, createRig, EVE, startConnected } from "./rig.ts";

/** Longer than the tolerance with which a start counts something as new. */
const CLOSING_MS = 2_200;

// A host that does not answer the closing handshake makes the pause between two connections as long as this.
it("the Discord channel gives what a person wrote between two connections who is named only in the second", async () => {
  const rig = await createRig();
  onTestFinished(() => rig.fake.close());
  const stranger = await startConnected(rig, { allow_from: [ADA] });
  await stranger.stop();
  rig.fake.say(EVE, "I am in now");
  await delay(CLOSING_MS);
  const { receiver } = await startConnected(rig, { allow_from: [ADA, EVE] });
  await eventually(() => expect(receiver.texts()).toEqual(["I am in now"]));
});
