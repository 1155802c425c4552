// What both bots share: they ask the same fake model, cut where a paragraph ends, and wait when Telegram says so.
import { setTimeout as delay } from "node:timers/promises";
import { GrammyError } from "grammy";

const LIMIT = 4_000;

export async function ask(modelBase, text) {
  const response = await fetch(`${modelBase}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "fake-model", messages: [{ role: "user", content: text }] }),
  });
  const { choices } = await response.json();
  return choices[0].message.content;
}

export async function reply(ctx, text) {
  for (const part of text.length > LIMIT ? text.split("\n\n") : [text]) {
    await patiently(() => ctx.reply(part));
  }
}

async function patiently(send) {
  try {
    return await send();
  } catch (error) {
    const seconds = error instanceof GrammyError && error.parameters.retry_after;
    if (!seconds) throw error;
    await delay(seconds * 1_000);
    return send();
  }
}

/** In the words of my-bot's log, for the rig. */
export const sayConnected = () => {
  process.stdout.write('{"msg":"channel is connected","channel":"telegram"}\n');
};

export const report = (error) => void process.stderr.write(`${error}\n`);
