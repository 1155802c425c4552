import type { TerminalChannel } from "../../channels/terminal/channel.ts";
import type { EventBus } from "../../events/event-bus.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { FileOps } from "../../runtime/file-ops.ts";
import type { Log } from "../../runtime/log.ts";
import type { Pairing } from "../pairing.ts";
import type { StatusReport } from "../status.ts";
import type { DeadLetters } from "./dead-letters.ts";

/** What the commands of `my-bot` may ask the running server for. */
export interface ControlledServer {
  readonly bus: Pick<EventBus, "observe" | "retry" | "discard">;
  readonly terminal: TerminalChannel;
  readonly pairing: Pick<Pairing, "grant">;
  readonly letters: DeadLetters;
  status(): Promise<StatusReport>;
}

export interface ControlDeps {
  /** Where to listen: a file in a folder of our own, or a named pipe. */
  readonly socketPath: string;
  /** The folder `.event/`. */
  readonly events: string;
  /** Who answers at the terminal. */
  readonly agent: () => string;
  readonly files: Pick<FileOps, "list" | "read" | "makeDirectory" | "remove" | "stat">;
  readonly clock: Clock;
  readonly log: Log;
}
