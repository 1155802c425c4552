import { type Path, type Problem, printPath } from "../workspace/settings/problem.ts";
import type { ChannelConfig, Config, Platform } from "./config.ts";

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

/**
 * Names where ids belong: nobody's id is like this, so they let nobody in. Also an owner whom no notice can reach.
 */
export function uselessIds(
  { channels, owner }: Pick<Config, "channels" | "owner">,
  lineOf: (path: Path) => number,
): readonly Problem[] {
  const written = Object.values(channels).flatMap(writtenIds);
  const reached = owner && channels[owner.channel];
  const ids =
    reached && owner.origin === "user"
      ? [...written, { path: ["owner"], id: owner.chat, form: FORMS[reached.platform].user }]
      : written;
  return ids
    .filter(({ id, form }) => id !== ANYONE && !form.pattern.test(id))
    .map(({ path, id, form }) => ({
      line: lineOf(path),
      what: `\`${printPath(path)}\` names \`${id}\`, which can never be ${form.whose}`,
      remedy: form.remedy,
    }));
}

/** What the ids of a platform look like. */
interface IdForm {
  readonly pattern: RegExp;
  readonly whose: string;
  readonly remedy: string;
}

const userForm = (pattern: RegExp): IdForm => ({
  pattern,
  whose: "a user's id",
  remedy: "write the number; `my-bot status` shows it when that person has written to the bot",
});

const FORMS: Readonly<Record<Platform, Readonly<Record<"user" | "group", IdForm>>>> = {
  telegram: {
    user: userForm(/^-?\d+$/),
    group: {
      pattern: /^-\d+$/,
      whose: "a group's id",
      remedy: "write the group's number with the minus before it, such as -1001234567890",
    },
  },
  discord: {
    user: userForm(/^\d+$/),
    group: {
      pattern: /^\d+$/,
      whose: "a channel's id",
      remedy:
        "write the number that Discord copies in developer mode (right click, Copy Channel ID)",
    },
  },
};

function writtenIds({ name, platform, options }: ChannelConfig) {
  const { user, group } = FORMS[platform];
  const path = ["channels", name];
  const users = (ids: readonly string[], at: Path) =>
    ids.map((id, index) => ({ path: [...at, index], id, form: user }));
  return [
    ...users(options.allow_from, [...path, "allow_from"]),
    ...Object.entries(options.groups).flatMap(([id, { allow_from = [] }]) => {
      const at = [...path, "groups", id];
      return [{ path: at, id, form: group }, ...users(allow_from, [...at, "allow_from"])];
    }),
  ];
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
