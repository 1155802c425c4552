import type { Finding } from "../../channels/channel.ts";

/** What was found out about one thing. */
export interface Section {
  readonly about: string;
  readonly findings: readonly Finding[];
}

export const ok = (text: string): Finding => ({ level: "ok", text });
export const warning = (text: string, remedy?: string): Finding => ({
  level: "warning",
  text,
  remedy,
});
export const problem = (text: string, remedy?: string): Finding => ({
  level: "problem",
  text,
  remedy,
});
