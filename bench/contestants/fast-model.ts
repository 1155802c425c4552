import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A model with OpenAI's API that answers at once and costs next to nothing, so that what is measured is the bot. It
 * answers the last message, "… m12 …" or "… m12 long …", with a text that ends in "end m12".
 */
export function startFastModel(): Promise<{ readonly apiBase: string }> {
  const server = createServer((request, response) => void answer(request, response));
  server.keepAliveTimeout = 60_000;
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      resolve({ apiBase: `http://127.0.0.1:${port}/v1` });
    });
  });
}

const PARAGRAPH = `It depends on **where** you are: in the valley it is *warm*, on the ridge there is wind.

- Take a jacket, and water for the day
- Start early; see [the forecast](https://example.org/forecast)

`;
/** Three platform messages on Telegram. */
const LONG = PARAGRAPH.repeat(55);

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString("utf8");
  // The last message is at the end, whatever the history in front of it is: no need to parse all of it.
  const [id = "m0", , long] = [...body.matchAll(/m\d+( long)?\b/g)].at(-1)?.[0].split(/(\s)/) ?? [];
  const text = long
    ? `${LONG}end ${id}`
    : `You asked, and here is the answer: it will stay fine. end ${id}`;
  if (/"stream":\s*true/.test(body)) stream(response, text);
  else whole(response, text);
}

const common = { id: "chatcmpl-1", created: 1_700_000_000, model: "fast" };
const USAGE = { prompt_tokens: 10, completion_tokens: 10, total_tokens: 20 };
const CHUNK = 512;

function stream(response: ServerResponse, text: string): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const event = (delta: unknown, finish: string | null) =>
    `data: ${JSON.stringify({ ...common, object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  let out = event({ role: "assistant", content: "" }, null);
  for (let at = 0; at < text.length; at += CHUNK) {
    out += event({ content: text.slice(at, at + CHUNK) }, null);
  }
  const last = { ...common, object: "chat.completion.chunk", choices: [], usage: USAGE };
  response.end(`${out}${event({}, "stop")}data: ${JSON.stringify(last)}\n\ndata: [DONE]\n\n`);
}

function whole(response: ServerResponse, text: string): void {
  const message = { role: "assistant", content: text };
  const choices = [{ index: 0, message, finish_reason: "stop" }];
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ ...common, object: "chat.completion", choices, usage: USAGE }));
}
