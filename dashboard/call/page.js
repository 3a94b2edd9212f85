// A call: what is known of it, and its recording.

import { api, isCancelled, mediaLink, part } from "../api.js";
import { clock, fullTime, words } from "../format.js";
import { direction, failure, html, nothing, render, status, waiting } from "../ui.js";

export function open(root, { params, query }) {
  const closed = new AbortController();
  load();
  return { close: () => closed.abort() };

  async function load() {
    render(html`<h1>Call</h1>${waiting()}`, root);
    try {
      const call = await api.get(`/calls/${part(params.call)}`, { query: { include: "recordings" }, signal: closed.signal });
      const recording = call.recordings[0];
      render(view(call, recording && `${await mediaLink(recording.id)}#t=${Number(query.get("t")) || 0}`), root);
    } catch (error) {
      if (!isCancelled(error)) render(html`<h1>Call</h1>${failure(error, load)}`, root);
    }
  }
}

const view = (call, audio) => html`
  <div class="head"><h1 class="text">${call.caller}</h1>${status(call.status)} ${direction(call.direction)}</div>
  ${audio ? html`<audio controls preload="metadata" src=${audio}></audio>` : nothing}
  <dl>
    <dt>Started</dt><dd>${fullTime(call.startTime)}</dd>
    <dt>Duration</dt><dd>${clock(call.duration)}</dd>
    <dt>Agent</dt><dd class="text">${call.agent ?? "–"}</dd>
    <dt>Ended by</dt><dd>${words(call.endReason)}</dd>
  </dl>
`;
