import type { Path, Problem } from "../workspace/settings/problem.ts";
import type { ChannelConfig, Config } from "./config.ts";

const ANYONE = "*";

/** Doors that stand wide open. Legal, but said at each start. */
export function openDoors(
  channels: Config["channels"],
  lineOf: (path: Path) => number,
): readonly Problem[] {
  return Object.values(channels).flatMap(({ name, options }) => {
    const path = ["channels", name];
    const doors: Problem[] = [];
    if (options.allow_from.includes(ANYONE)) {
      doors.push({
        line: lineOf([...path, "allow_from"]),
        what: `everyone can talk to the bot on channel \`${name}\``,
        remedy: 'replace "*" by user ids unless this is meant',
      });
    }
    if (ANYONE in options.groups) {
      doors.push({
        line: lineOf([...path, "groups", ANYONE]),
        what: `channel \`${name}\` answers in every group that the bot is added to`,
        remedy: 'replace "*" by chat ids unless this is meant',
      });
    }
    return doors;
  });
}

/** Channels on which nobody is let in, with the way in. */
export function closedDoors({ channels, owner }: Pick<Config, "channels" | "owner">): string[] {
  return Object.values(channels)
    .filter(isClosed)
    .map(({ name }) =>
      owner
        ? `channel \`${name}\` lets nobody in: its \`allow_from\` is empty; add user ids, or let people in with /pair`
        : `channel \`${name}\` lets nobody in yet: its \`allow_from\` is empty; become owner with the code that the server prints, or add user ids`,
    );
}

function isClosed({ options, paired }: ChannelConfig): boolean {
  return options.allow_from.length + paired.length + Object.keys(options.groups).length === 0;
}
