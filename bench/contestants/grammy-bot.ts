import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { run, sequentialize } from "@grammyjs/runner";
import { Bot } from "grammy";

/**
 * What one would write with grammY in an afternoon: it asks the same model, with the same library, with the chat's
 * history, which it keeps in memory. It writes nothing to disk and forgets everything when it ends.
 */
type Mode = "polling" | "runner";

interface Line {
  readonly role: "user" | "assistant";
  readonly content: { readonly type: "text"; readonly text: string }[];
}

const [mode = "polling", token = "", apiRoot = "", apiBase = ""] = process.argv.slice(2);
const PART = 4096;

const model = createOpenAICompatible({ name: "compatible", baseURL: apiBase })("fast");
const histories = new Map<number, Line[]>();
const bot = new Bot(token, { client: { apiRoot } });

if ((mode as Mode) === "runner") bot.use(sequentialize((context) => String(context.chat?.id)));
bot.on("message:text", async (context) => {
  const history = histories.get(context.chat.id) ?? [];
  histories.set(context.chat.id, history);
  history.push({ role: "user", content: [{ type: "text", text: context.message.text }] });
  const { content } = await model.doGenerate({
    prompt: [{ role: "system", content: "You are a friendly assistant." }, ...history],
  });
  const text = content.map((part) => (part.type === "text" ? part.text : "")).join("");
  history.push({ role: "assistant", content: [{ type: "text", text }] });
  for (let at = 0; at < text.length; at += PART) await context.reply(text.slice(at, at + PART));
});

if ((mode as Mode) === "runner") run(bot);
else await bot.start();
