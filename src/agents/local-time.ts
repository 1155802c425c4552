/** Tells a zone's wall-clock time with its offset: `2026-11-21T13:45:10+01:00`. Costs much to make, little to use. */
export type ZoneTime = (at: number) => string;

/** Throws a RangeError for an unknown zone. */
export function createZoneTime(timeZone: string): ZoneTime {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "longOffset",
  });
  return (at) => {
    const parts = Object.fromEntries(
      format.formatToParts(at).map(({ type, value }) => [type, value]),
    );
    const { year, month, day, hour, minute, second, timeZoneName = "" } = parts;
    const offset = timeZoneName.replace("GMT", "") || "+00:00";
    return `${year}-${month}-${day}T${hour}:${minute}:${second}${offset}`;
  };
}

export const isoTimeIn = (timeZone: string, at: number): string => createZoneTime(timeZone)(at);

/** The machine's own zone, as an IANA name. */
export function localTimeZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
