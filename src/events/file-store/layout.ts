import { join } from "node:path";
import type { EventType } from "../event.ts";

/** The folders of `.event/`, see docs/architecture.md. */
export interface EventLayout {
  readonly root: string;
  readonly inbox: string;
  readonly pending: string;
  readonly done: string;
  readonly notes: string;
  readonly failed: string;
  readonly quarantine: string;
  /** Released when the disk is full, so that what is finished can still be settled. */
  readonly reserve: string;
}

export function eventLayout(root: string): EventLayout {
  return {
    root,
    inbox: join(root, "inbox"),
    pending: join(root, "pending"),
    done: join(root, "done"),
    notes: join(root, "notes"),
    failed: join(root, "failed"),
    quarantine: join(root, "quarantine"),
    reserve: join(root, ".reserve"),
  };
}

export const eventFolders = (layout: EventLayout): readonly string[] => [
  layout.inbox,
  layout.pending,
  layout.done,
  layout.notes,
  layout.failed,
  layout.quarantine,
];

/** The folder in which an event of this type is owed. */
export function owedFolder(layout: EventLayout, type: EventType): string {
  return type === "InboundEvent" ? layout.inbox : layout.pending;
}

/** The one file in `notes/` that is about many events, see recent-notes.ts. */
export const recentNotesPath = (layout: Pick<EventLayout, "notes">): string =>
  join(layout.notes, "recent");

/** Written files have this prefix until they are whole; never taken for events, removed at start. */
export const TMP_PREFIX = ".tmp-";

/** A name that is being entered anew has this prefix for a moment; the start takes it off. */
export const AGAIN_PREFIX = ".again-";
