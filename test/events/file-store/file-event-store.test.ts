import { eventStoreContract, type StoreHarness } from "../../contracts/event-store-contract.ts";
import { type StoreSetUp, storeInMemory, storeOnDisk } from "../set-up-store.ts";

function harness({ clock, files, opened }: StoreSetUp): StoreHarness {
  return {
    clock,
    start: opened,
    fillDisk(full) {
      files.clear();
      const takesSpace = ({ kind }: { kind: string }) => kind === "write" || kind === "replace";
      if (full) files.fail(takesSpace, { code: "ENOSPC" }, Number.POSITIVE_INFINITY);
    },
  };
}

eventStoreContract("the file store on a disk", async (options) =>
  harness(await storeOnDisk(options)),
);
eventStoreContract("the file store on the model disk", (options) =>
  harness(storeInMemory(options)),
);
