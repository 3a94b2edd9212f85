// One hit: whose words they are, the snippet, and its sound.

import { clock, time, words } from "../format.js";
import { href } from "../router.js";
import { html, nothing, status } from "../ui.js";

/** A hit as an item of a list. `sound` is what `player` returned. */
export function hitItem({ call, transcript, snippet, playback }, sound) {
  const start = playback?.start ?? transcript.startTime;
  const place = href(["calls", call.id], start === null ? {} : { t: Math.round(start * 1000) / 1000 });
  const isOpen = sound.playing?.id === transcript.id;
  return html`
    <li class="card hit" data-transcript=${transcript.id}>
      <p class="hit-head">
        <a href=${place} class="text">${call.caller}</a>
        <span class="quiet">${time(call.startTime)}</span>
        ${call.agent ? html`<span class="quiet text">with ${call.agent}</span>` : nothing}
        ${call.status === "completed" ? nothing : status(call.status)}
      </p>
      <p class="text said"><span class="who ${transcript.track ?? ""}">${words(transcript.speaker)}</span>
        ${snippet.map((piece) => (piece.match ? html`<mark>${piece.text}</mark>` : piece.text))}</p>
      ${playback === null
        ? html`<p class="quiet">This call has no recording${call.status === "active" ? " yet" : ""}.</p>`
        : html`
          <div class="sound">
            <button type="button" class="secondary small" aria-expanded=${isOpen ? "true" : "false"}
              @click=${() => (isOpen ? sound.stop() : sound.play(transcript.id, playback.recordingId, start ?? 0))}>
              ${isOpen ? "Stop" : start === null ? "Play" : `Play from ${clock(start)}`}
            </button>
            ${isOpen ? sound.element : nothing}
            ${isOpen && sound.problem ? html`<span class="error" role="alert">${sound.problem}</span>` : nothing}
          </div>`}
    </li>
  `;
}
