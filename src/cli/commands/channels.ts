import { accessRules, describeAccess } from "../../channels/access.ts";
import { systemClock } from "../../runtime/clock.ts";
import { type CommandContext, EXIT } from "../context.ts";
import { formatTable } from "../format.ts";
import { load } from "../load.ts";
import { print, printJson } from "../output.ts";
import { askStatus, describeChannel } from "./status.ts";

/** The channels of the running server; without one, what is configured. Exit code 1 while one is in trouble. */
export async function runChannels(context: CommandContext): Promise<number> {
  const status = await askStatus(context);
  if (!status) return showConfigured(context);
  const { channels } = status;
  if (context.json) printJson({ running: true, channels });
  else {
    const now = systemClock.now();
    for (const row of formatTable(channels.map((channel) => describeChannel(channel, now))))
      print(row);
    for (const { name, problem } of channels) if (problem) print(`✗ ${name}: ${problem}`);
  }
  return channels.some(({ problem }) => problem) ? EXIT.problem : EXIT.ok;
}

async function showConfigured(context: CommandContext): Promise<number> {
  const { config } = await load(context);
  const on = Object.values(config.channels).map(({ name, platform, options, paired }) => ({
    name,
    platform,
    access: describeAccess(accessRules(options, paired)),
  }));
  const off = config.channelsOff;
  if (context.json) {
    printJson({ running: false, channels: on, off });
    return EXIT.ok;
  }
  print("No server is running. Configured are:");
  const rows = [
    ...on.map(({ name, platform, access }) => [`  ${name}`, platform, `on, lets in: ${access}`]),
    ...off.map(({ name, reason }) => [`  ${name}`, "", `off: ${reason}`]),
  ];
  for (const row of formatTable(rows.length > 0 ? rows : [["  none but the terminal"]])) print(row);
  return EXIT.ok;
}
