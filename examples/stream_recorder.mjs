// Streams a file of mu-law audio into a call over a WebSocket, and resumes after a disconnect. Needs Node 18 and ws.
// node stream_recorder.mjs tests/fixtures/readme/caller.ulaw my-call
import { readFileSync } from "node:fs";
import WebSocket from "ws";

const [file, call] = process.argv.slice(2);
const base = process.env.CALLSTORE_URL ?? "http://127.0.0.1:8080";
const key = process.env.CALLSTORE_KEY;
const headers = { "Content-Type": "application/json", ...(key && { Authorization: `Bearer ${key}` }) };
const FRAME = 160, WINDOW = 200; // 20 ms of mu-law at 8,000 Hz; frames without an answer yet
const audio = readFileSync(file), end = Math.ceil(audio.length / FRAME);

async function ask(path, init) {
  const response = await fetch(base + path, { headers, ...init });
  if (!response.ok) throw Object.assign(new Error(await response.text()), { fatal: response.status < 500 });
  return response.json();
}

async function stream() {
  await ask("/calls", { method: "POST", body: JSON.stringify({ streamSid: call, caller: "+14155550134" }) });
  const { tracks } = await ask(`/calls/${call}/chunks`);
  let acked = (tracks.find(({ track }) => track === "inbound")?.lastSequence ?? -1) + 1, sent = acked;
  const socket = new WebSocket(`${base.replace("http", "ws")}/calls/${call}/stream`, { headers });
  const send = () => {
    for (; sent < Math.min(end, acked + WINDOW); sent++) {
      const head = Buffer.from([0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]); // inbound, with sequence and timestamp
      head.writeUInt32LE(sent, 4), head.writeUInt32LE(sent * 20, 8);
      socket.send(Buffer.concat([head, audio.subarray(sent * FRAME, (sent + 1) * FRAME)]));
    }
    if (acked >= end) socket.close();
  };
  await new Promise((resolve, reject) => {
    socket.on("open", send).on("error", reject);
    socket.on("close", () => (acked >= end ? resolve() : reject(new Error("closed"))));
    socket.on("message", (text) => {
      const { ack, error } = JSON.parse(text);
      if (error) return reject(Object.assign(new Error(error.detail), { fatal: true }));
      acked = ack.sequence + 1, send();
    });
  });
}

while (await stream().then(() => false, (error) => (error.fatal ? Promise.reject(error) : true)))
  await new Promise((resolve) => setTimeout(resolve, 1000));
