// A whole call through openapi-fetch, with the types that openapi-typescript generates. tests/clients.rs checks the
// types with tsc and runs it: whole_call.ts URL KEY AUDIO, where AUDIO is base64 of mu-law.

import createClient from "openapi-fetch";
import type { components, paths } from "./callstore.js";

declare const process: { argv: string[] };

const FRAME = 160;
const [url, key, audio] = process.argv.slice(2) as [string, string, string];
const bytes = Uint8Array.from(atob(audio), (char) => char.charCodeAt(0));
const base64 = (from: number) => btoa(String.fromCharCode(...bytes.subarray(from, from + FRAME)));

const client = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${key}` } });

function ok<T>(answer: { data?: T; error?: unknown; response: Response }, status: number): T {
  if (answer.response.status !== status) {
    throw new Error(`${answer.response.url}: ${answer.response.status} ${JSON.stringify(answer.error)}`);
  }
  return answer.data as T;
}

function equal(found: unknown, wanted: unknown) {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) {
    throw new Error(`${JSON.stringify(found)} is not ${JSON.stringify(wanted)}`);
  }
}

const started: components["schemas"]["Call"] = ok(
  await client.POST("/calls", { body: { streamSid: "MZ-fetch", caller: "+14155550134", direction: "inbound" } }),
  201,
);
const path = { call: started.id };
equal([started.streamSid, started.agent, started.status], ["MZ-fetch", null, "active"]);

// Half of the frames as JSON, the other half as raw bytes.
for (let frame = 0; frame * FRAME < bytes.length; frame++) {
  const [sequence, timestamp] = [frame, frame * 20];
  const chunk =
    frame % 2 === 0
      ? await client.POST("/calls/{call}/chunks", {
          params: { path },
          body: { audio: base64(frame * FRAME), track: "inbound", sequence, timestamp },
        })
      : await client.POST("/calls/{call}/chunks", {
          params: { path, query: { track: "inbound", sequence, timestamp } },
          headers: { "Content-Type": "audio/basic" },
          body: bytes.subarray(frame * FRAME, (frame + 1) * FRAME) as unknown as string,
          bodySerializer: (body) => body as unknown as Uint8Array<ArrayBuffer>,
        });
  equal(ok(chunk, 201).duplicate, false);
}

const said = await client.POST("/calls/{call}/transcripts/batch", {
  params: { path },
  body: { transcripts: [{ speaker: "caller", text: "Hello?", startTime: 0.2, endTime: 0.9 }] },
});
equal(ok(said, 201).items.length, 1);
const metadata = { language: "en-US", customData: { campaign: "spring", tries: [1, 2] } };
ok(await client.PUT("/calls/{call}/metadata", { params: { path }, body: metadata }), 201);

const ended = ok(await client.POST("/calls/{call}/end", { params: { path } }), 200);
equal([ended.status, ended.recordings?.length], ["completed", 1]);

const whole = ok(
  await client.GET("/calls/{call}", { params: { path, query: { include: ["recordings", "transcripts", "metadata"] } } }),
  200,
);
equal([whole.transcripts?.[0]?.text, whole.analytics], ["Hello?", undefined]);
equal(whole.metadata?.customData, metadata.customData);
equal(ok(await client.GET("/calls", { params: { query: { status: ["completed"], limit: 10 } } }), 200).items.length, 1);

const recording = whole.recordings![0]!;
const wav = ok(
  await client.GET("/recordings/{id}/audio", { params: { path: { id: recording.id } }, parseAs: "arrayBuffer" }),
  200,
);
equal([(wav as unknown as ArrayBuffer).byteLength, recording.gaps.length], [recording.sizeBytes, 0]);
console.log(recording.sha256);

ok(await client.DELETE("/calls/{call}", { params: { path } }), 204);
const gone = await client.GET("/calls/{call}", { params: { path } });
equal([gone.response.status, gone.error?.code], [404, "call_not_found"]);
