// The same bot as the documentation of grammY's runner advises: concurrent, in order within a chat.
import { run, sequentialize } from "@grammyjs/runner";
import { Bot } from "grammy";
import { ask, reply, report, sayConnected } from "./ask.mjs";

const [token, apiRoot, modelBase] = process.argv.slice(2);
const bot = new Bot(token, { client: { apiRoot } });

bot.use(sequentialize((ctx) => String(ctx.chat?.id)));
bot.on("message:text", async (ctx) => reply(ctx, await ask(modelBase, ctx.message.text)));
bot.catch(report);

await bot.init();
run(bot);
sayConnected();
