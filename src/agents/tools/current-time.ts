import * as z from "zod";
import type { Clock } from "../../runtime/clock.ts";
import { isoTimeIn, localTimeZone } from "../local-time.ts";
import type { Tool } from "../tool.ts";

export const CURRENT_TIME = "current_time";

const inputSchema = z.object({ time_zone: z.string().min(1).optional() });

/** Tells the date and time, here or in another time zone. */
export function createCurrentTime(clock: Pick<Clock, "now">): Tool {
  return {
    name: CURRENT_TIME,
    description:
      "Tells the current date, time and weekday, in this computer's time zone or in another one.",
    parameters: {
      type: "object",
      properties: {
        time_zone: {
          type: "string",
          description: 'IANA name, such as "Europe/Berlin" or "UTC". Without it: the local zone.',
        },
      },
      additionalProperties: false,
    },
    safeToRepeat: true,
    async run(input) {
      const { time_zone: zone = localTimeZone() } = inputSchema.parse(input);
      return describeTime(zone, clock.now());
    },
  };
}

function describeTime(zone: string, at: number): string {
  try {
    const weekday = new Intl.DateTimeFormat("en-GB", { timeZone: zone, weekday: "long" });
    return `${weekday.format(at)}, ${isoTimeIn(zone, at)} (${zone})`;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const hint = 'wanted an IANA name such as "Europe/Berlin"';
    throw new Error(`Cannot tell the time in "${zone}": ${hint}`, { cause: error });
  }
}
