import { describe, expect, test } from "vitest";
import { z } from "zod";
import { accessRules, decideAccess, describeAccess } from "../../src/channels/access.ts";
import { accessShape } from "../../src/channels/options.ts";
import { groupMessage, incomingMessage } from "../builders/incoming-message.ts";

/** Rules as they come from a written configuration. */
function rules(options: unknown, paired: readonly string[] = []) {
  return accessRules(z.strictObject(accessShape).parse(options), paired);
}

const from = (id: string) => ({ sender: { id } });
const inGroup = (id: string) => ({ chat: { id, kind: "group" as const } });
const accept = { kind: "accept" };
const refuse = { kind: "refuse" };
const ignore = (reason: string) => ({ kind: "ignore", reason });

// peers #46.
describe("decideAccess in a private chat", () => {
  test("refuses everyone when nothing is configured", () => {
    expect(decideAccess(incomingMessage(), rules({}))).toEqual(refuse);
  });

  // weaknesses.md W-A1, 3.6 #12, 6.9: an empty list let in the whole world.
  test("refuses everyone when the list is empty, the empty id included", () => {
    const none = rules({ allow_from: [], groups: {} });
    expect(decideAccess(incomingMessage(), none)).toEqual(refuse);
    expect(decideAccess(incomingMessage(from("")), none)).toEqual(refuse);
  });

  test("accepts a named user, whether written as number or text", () => {
    expect(decideAccess(incomingMessage(), rules({ allow_from: [42] }))).toEqual(accept);
    expect(decideAccess(incomingMessage(), rules({ allow_from: ["42"] }))).toEqual(accept);
  });

  test.each(["4", "2", "420", "142", " 42", "042", "42.0", "4,2"])(
    "refuses %j when 42 is named: ids are compared whole",
    (id) => {
      expect(decideAccess(incomingMessage(from(id)), rules({ allow_from: ["42"] }))).toEqual(
        refuse,
      );
    },
  );

  test("accepts everyone for the star alone, and the star is no pattern", () => {
    expect(decideAccess(incomingMessage(), rules({ allow_from: ["*"] }))).toEqual(accept);
    expect(decideAccess(incomingMessage(), rules({ allow_from: ["4*"] }))).toEqual(refuse);
  });

  test("refuses a sender who calls himself star", () => {
    expect(decideAccess(incomingMessage(from("*")), rules({ allow_from: [42] }))).toEqual(refuse);
  });

  test("accepts a user who was let in by a code", () => {
    expect(decideAccess(incomingMessage(), rules({}, ["42"]))).toEqual(accept);
    expect(decideAccess(incomingMessage(from("43")), rules({}, ["42"]))).toEqual(refuse);
  });

  test("does not open to everyone because somebody called star was let in by a code", () => {
    expect(decideAccess(incomingMessage(), rules({}, ["*"]))).toEqual(refuse);
  });

  test("does not let the list of a group count", () => {
    const group = rules({ groups: { "-1001": { allow_from: [42] } } });
    expect(decideAccess(incomingMessage(), group)).toEqual(refuse);
  });
});

describe("decideAccess in a group", () => {
  const named = { allow_from: [42], groups: { "-1001": {} } };

  // weaknesses.md W-A4.
  test("ignores a group that has not been opted in, even from the owner, even for everyone", () => {
    const decision = decideAccess(groupMessage({ addressed: true }), rules({ allow_from: ["*"] }));
    expect(decision).toEqual(ignore("group-not-opted-in"));
  });

  test.each(["-100", "-10011", "constructor", "__proto__", ""])(
    "ignores group %j when -1001 is opted in: ids are compared whole",
    (id) => {
      const decision = decideAccess(
        groupMessage({ ...inGroup(id), addressed: true }),
        rules(named),
      );
      expect(decision).toEqual(ignore("group-not-opted-in"));
    },
  );

  test("ignores a stranger in a group that is opted in", () => {
    const decision = decideAccess(groupMessage({ ...from("43"), addressed: true }), rules(named));
    expect(decision).toEqual(ignore("sender-not-allowed"));
  });

  test("wants to be mentioned or replied to, unless told otherwise", () => {
    expect(decideAccess(groupMessage(), rules(named))).toEqual(ignore("not-addressed"));
    expect(decideAccess(groupMessage({ addressed: true }), rules(named))).toEqual(accept);
    const open = rules({ allow_from: [42], groups: { "-1001": { mention: false } } });
    expect(decideAccess(groupMessage(), open)).toEqual(accept);
  });

  test("lets a group's own list count instead of the channel's", () => {
    const own = rules({ allow_from: [42], groups: { "-1001": { allow_from: [43] } } });
    expect(decideAccess(groupMessage({ addressed: true }), own)).toEqual(
      ignore("sender-not-allowed"),
    );
    expect(decideAccess(groupMessage({ ...from("43"), addressed: true }), own)).toEqual(accept);
  });

  test("closes a group whose own list is empty", () => {
    const closed = rules({ allow_from: ["*"], groups: { "-1001": { allow_from: [] } } });
    expect(decideAccess(groupMessage({ addressed: true }), closed)).toEqual(
      ignore("sender-not-allowed"),
    );
  });

  test("takes the star for any group, and a group's own rule before it", () => {
    const any = rules({
      allow_from: [42],
      groups: { "*": {}, "-1002": { mention: false } },
    });
    expect(decideAccess(groupMessage({ addressed: true }), any)).toEqual(accept);
    expect(decideAccess(groupMessage(), any)).toEqual(ignore("not-addressed"));
    expect(decideAccess(groupMessage(inGroup("-1002")), any)).toEqual(accept);
  });

  test("lets users count that were let in by a code, where the channel's list counts", () => {
    const message = groupMessage({ addressed: true });
    expect(decideAccess(message, rules({ groups: { "-1001": {} } }, ["42"]))).toEqual(accept);
  });
});

describe("describeAccess", () => {
  test.each([
    [{}, [], "nobody"],
    [{ allow_from: ["*", 42] }, [], "everyone (!)"],
    [{ allow_from: [42] }, ["42"], "1 user"],
    [{ allow_from: [42] }, ["43"], "2 users"],
    [
      { allow_from: [42, 43], groups: { "-1001": {}, "*": { mention: false, allow_from: ["*"] } } },
      [],
      "2 users; groups: -1001 (2 users, when mentioned), any group (!) (everyone (!), every message)",
    ],
    [
      { groups: { "-1001": { allow_from: [] } } },
      [],
      "nobody; groups: -1001 (nobody, when mentioned)",
    ],
  ])("puts %j with the paired %j in words", (options, paired, words) => {
    expect(describeAccess(rules(options, paired))).toBe(words);
  });
});
