// Records a file of mu-law audio as a call over HTTP, then downloads the recording. Needs Node 18 and no package.
// node http_recorder.mjs tests/fixtures/readme/caller.ulaw my-call call.wav
import { readFileSync, writeFileSync } from "node:fs";

const [file, call, out] = process.argv.slice(2);
const base = process.env.CALLSTORE_URL ?? "http://127.0.0.1:8080";
const key = process.env.CALLSTORE_KEY;
const headers = { "Content-Type": "application/json", ...(key && { Authorization: `Bearer ${key}` }) };
const FRAME = 160, BATCH = 50; // 20 ms of mu-law at 8,000 Hz; a second of them in a request

/** Repeats a request that got no answer: the sequence numbers make a second copy a duplicate. */
async function ask(path, body, tries = 5) {
  const init = body && { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(base + path, { headers, ...init }).catch(() => ({ status: 503 }));
  if (response.ok) return response;
  if (response.status < 500 || tries === 1) throw new Error(`${response.status} ${(await response.text?.()) ?? ""}`);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return ask(path, body, tries - 1);
}

const audio = readFileSync(file);
await ask("/calls", { streamSid: call, caller: "+14155550134" });
for (let first = 0; first * FRAME < audio.length; first += BATCH) {
  const chunks = [];
  for (let n = first; n < first + BATCH && n * FRAME < audio.length; n++) {
    const frame = audio.subarray(n * FRAME, (n + 1) * FRAME);
    chunks.push({ audio: frame.toString("base64"), sequence: n, timestamp: n * 20 });
  }
  await ask(`/calls/${call}/chunks/batch`, { chunks });
}
const ended = await (await ask(`/calls/${call}/end`, {})).json();
const recording = await ask(`/recordings/${ended.recordings[0].id}/audio`);
writeFileSync(out, Buffer.from(await recording.arrayBuffer()));
