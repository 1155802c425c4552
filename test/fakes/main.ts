import { createInterface } from "node:readline";
import { createRig, type Rig } from "../rig/rig.ts";
import { COMMAND } from "../rig/workspace.ts";
import { createHand, HELP } from "./hand.ts";

/** Everything that `my-bot server` talks to, on this machine: to try it by hand, without the internet. */
async function main(): Promise<void> {
  const rig = await createRig({ config: { owner: "telegram/1001" } });
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  const hand = createHand(rig, print);
  print(introduction(rig));
  const lines = createInterface({ input: process.stdin });
  lines.on("line", hand);
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  lines.close();
  await rig.close();
}

const introduction = ({ workspace, telegram, discord, model }: Rig) => `Telegram  ${telegram.url}
Discord   ${discord.url}
model     ${model.apiBase}
workspace ${workspace.root} (removed at the end)

In another terminal:

  node ${COMMAND} server -w ${workspace.root}

${HELP}
Ctrl-C ends everything here.
`;

await main();
