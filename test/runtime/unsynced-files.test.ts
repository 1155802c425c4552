import { expect, test } from "vitest";
import { withoutSyncs } from "../../src/runtime/unsynced-files.ts";
import { newInbound, newOutbound } from "../builders/new-event.ts";
import { EVENT_FOLDER, publishAll, setUpStore } from "../events/set-up-store.ts";
import { createFaultyFiles } from "../fakes/faulty-files.ts";
import { createRecordingFiles } from "../fakes/recording-files.ts";

test("withoutSyncs makes no fsync of any kind, and everything else as it was", async () => {
  const disk = createFaultyFiles(createRecordingFiles({ now: () => 0 }));
  const synced: string[] = [];
  const replace: typeof disk.replace = (path, data, options) => {
    if (options.sync) synced.push(path);
    return disk.replace(path, data, options);
  };
  const world = setUpStore({
    disk: withoutSyncs({ ...disk, replace }),
    directory: EVENT_FOLDER,
  });
  const store = await world.opened();
  const [a = "", b = ""] = await publishAll(store, [newInbound("a"), newOutbound("b")]);
  await store.writeNote(b, await store.readNote(b), { sync: true });
  await store.settle(b, "failed", { sync: true });
  await store.revive(b);
  const file = await world.files.openAppend(`${EVENT_FOLDER}/line`);
  await file.syncData();
  await file.close();
  expect(disk.count("sync", "syncData", "syncDirectory")).toBe(0);
  expect(synced).toEqual([]);
  // The next process finds it all.
  expect((await world.opened()).owed).toEqual({ InboundEvent: [a], OutboundEvent: [b] });
});
