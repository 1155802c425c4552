// A bot as the documentation of grammY begins: built-in polling, one update after the other.
import { Bot } from "grammy";
import { ask, reply, report, sayConnected } from "./ask.mjs";

const [token, apiRoot, modelBase] = process.argv.slice(2);
const bot = new Bot(token, { client: { apiRoot } });

bot.on("message:text", async (ctx) => reply(ctx, await ask(modelBase, ctx.message.text)));
bot.catch(report);

await bot.start({ onStart: sayConnected });
