import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ChannelState } from "../../src/channels/channel.ts";
import type { DeliveryFailure } from "../../src/channels/delivery-error.ts";
import { AUTHORITY_FILE } from "./tls-front.ts";

export interface Probe {
  readonly platform: "telegram" | "discord";
  readonly token: string;
  readonly chat: string;
  /** The text that is sent to the n-th of them is "send n", from 0. */
  readonly roots: readonly string[];
  /** Whether it is asked what `doctor` and `status` say, too. */
  readonly explains?: boolean;
}

export interface ProbeResult {
  readonly verdict: DeliveryFailure | "sent";
  readonly reason: string;
  /** What `doctor` says. */
  readonly remedy: string | undefined;
  readonly state: ChannelState | undefined;
}

const CHILD = fileURLToPath(new URL("send-child.ts", import.meta.url));

/** Sends through the real adapter in a process that trusts the tests' authority. */
export async function probeSends(probe: Probe): Promise<readonly ProbeResult[]> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", "tsx", CHILD, JSON.stringify(probe)],
    { env: { PATH: "/usr/bin:/bin", NODE_EXTRA_CA_CERTS: AUTHORITY_FILE } },
  );
  return JSON.parse(stdout);
}
