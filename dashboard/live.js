// Follows what happens in the store. An EventSource cannot send the key, so this reads the stream itself.

import { Problem, isCancelled, send, url } from "./api.js";

/** Waits between attempts, in milliseconds: doubled after each that fails. */
const RETRY_MIN = 1_000;
const RETRY_MAX = 30_000;
/** The service writes something every 15 s. A connection that is silent for longer is dead. */
const SILENCE_MAX = 40_000;
/** A tab that nobody looks at for so long gives its connection back: a browser has six for all tabs of a host. */
const HIDDEN_MAX = 60_000;

/**
 * Follows events, and comes back by itself after the last one that was seen when the connection is lost.
 *
 * @param filter `types`: a list such as `["call.*"]`; `call`: only this call's. Both are optional.
 * @param on `event(event)` for each; `state("live" | "connecting" | "off")`; `reset()` when events may have been
 *   missed, so that what is shown has to be read anew: once at first, and after a break that was too long.
 * @returns a function that ends it.
 */
export function follow(filter, on) {
  const stopped = new AbortController();
  run(filter, on, stopped.signal);
  return () => stopped.abort();
}

async function run({ types, call }, on, signal) {
  let seen = null;
  let wait = RETRY_MIN;
  const state = (name) => signal.aborted || on.state?.(name);
  while (!signal.aborted) {
    state("connecting");
    await shown(signal);
    if (signal.aborted) break;
    const connection = new AbortController();
    const end = () => connection.abort();
    signal.addEventListener("abort", end);
    let silence = setTimeout(end, SILENCE_MAX);
    let hidden = null;
    const look = () => (clearTimeout(hidden), (hidden = document.hidden ? setTimeout(end, HIDDEN_MAX) : null));
    document.addEventListener("visibilitychange", look);
    try {
      const headers = { Accept: "text/event-stream", ...(seen && { "Last-Event-ID": seen }) };
      const query = { types: types?.join(","), call };
      const response = await send(url("/events/stream", query), { headers, signal: connection.signal });
      state("live");
      if (seen === null) on.reset?.();
      for await (const block of blocks(response.body)) {
        clearTimeout(silence);
        silence = setTimeout(end, SILENCE_MAX);
        wait = RETRY_MIN;
        if (block.id) seen = block.id;
        if (block.data && !signal.aborted) on.event?.(JSON.parse(block.data));
      }
    } catch (error) {
      if (signal.aborted) break;
      if (error instanceof Problem) {
        // The last event is older than what the store keeps.
        if (error.status === 410) seen = null;
        // The shell shows the sign-in page; a stream that the key may not read, or of a call that is gone, never comes.
        else if ([401, 403, 404, 422].includes(error.status)) {
          state("off");
          break;
        }
      } else if (!isCancelled(error)) {
        console.warn("The stream of events broke.", error);
      }
    } finally {
      clearTimeout(silence);
      clearTimeout(hidden);
      document.removeEventListener("visibilitychange", look);
      signal.removeEventListener("abort", end);
      connection.abort();
    }
    state("connecting");
    await pause(wait * (0.75 + Math.random() / 2), signal);
    wait = Math.min(wait * 2, RETRY_MAX);
  }
}

/** Waits until the tab is shown, or until nobody waits any more. */
function shown(signal) {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    document.addEventListener("visibilitychange", resolve, { once: true, signal });
    signal.addEventListener("abort", resolve, { once: true });
  });
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}

/** The blocks of a stream of server-sent events: `{ id, data }`. */
async function* blocks(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value.replaceAll("\r\n", "\n");
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      yield parse(text.slice(0, end));
      text = text.slice(end + 2);
    }
  }
}

function parse(block) {
  const found = { id: "", data: "" };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    const [name, value] = [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")];
    if (name === "id") found.id = value;
    if (name === "data") found.data += found.data ? `\n${value}` : value;
  }
  return found;
}
