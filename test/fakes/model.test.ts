import { once } from "node:events";
import http from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { startFakeModel } from "./model.ts";

const BODY = JSON.stringify({
  model: "fake-model",
  stream: true,
  messages: [{ role: "user", content: "hello" }],
});

// Red when the reading of the answer rejects unheard: the process of the fakes died of it, in the middle of a torture.
test("the fake model outlives a client that goes while its answer is made", async () => {
  const model = await startFakeModel();
  onTestFinished(() => model.stop());
  model.answer(() => ({ kind: "text", text: "word ".repeat(20_000) }));
  for (let ms = 0; ms < 200; ms += 10) {
    const arrived = new Promise<void>((resolve) => {
      model.onRequest = () => resolve();
    });
    const request = http.request(`${model.apiBase}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
    });
    request.on("error", () => undefined).end(BODY);
    await arrived;
    await delay(ms);
    request.destroy();
  }
  model.onRequest = undefined;
  model.answer(() => undefined);
  const last = http.request(`${model.apiBase}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
  });
  last.end(BODY);
  const [response] = await once(last, "response");
  expect(response.statusCode).toBe(200);
  response.resume();
  await once(response, "end");
});
