import { describe, expect, it } from "vitest";
import {
  compareIds,
  firstIdAt,
  idBefore,
  newerId,
  timeOfId,
} from "../../../src/channels/discord/snowflake.ts";

describe("snowflakes", () => {
  it("hold a time", () => {
    // The example of Discord's documentation.
    expect(timeOfId("175928847299117063")).toBe(1_462_015_105_796);
    expect(timeOfId(firstIdAt(1_462_015_105_796))).toBe(1_462_015_105_796);
    expect(compareIds(firstIdAt(1_462_015_105_796), "175928847299117063")).toBeLessThan(0);
    expect(firstIdAt(0)).toBe("0");
  });

  it("are compared as numbers, whatever their length", () => {
    expect(compareIds("99", "100")).toBeLessThan(0);
    expect(compareIds("1400000000000000001", "1400000000000000002")).toBeLessThan(0);
    expect(compareIds("7", "7")).toBe(0);
    expect(newerId("99", "100")).toBe("100");
    expect(newerId("100", "99")).toBe("100");
    expect(newerId(undefined, "5")).toBe("5");
  });

  it("have one before", () => {
    expect(idBefore("1400000000000000000")).toBe("1399999999999999999");
  });
});
