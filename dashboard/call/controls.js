// The buttons of the player.

import { clock, number } from "../format.js";
import { badge, html, nothing } from "../ui.js";

/** Speeds, from slow to fast. */
export const RATES = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3];
const HEARD = { "": "Both", inbound: "Caller", outbound: "Agent" };

const icon = (path) => html`
  <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false"><path fill="currentColor" d=${path} /></svg>
`;
const PLAY = "M8 5v14l11-7z";
const PAUSE = "M7 5h4v14H7zM13 5h4v14h-4z";

const button = (label, text, work, kind = "secondary small") => html`
  <button type="button" class=${kind} aria-label=${label} title=${label} @click=${work}>${text}</button>
`;

/** The row of controls. `on` has the same functions as the keyboard's `player`, and `rate(number)`, `edge()`. */
export function controls({ player, state, track, on, view, position }) {
  const playing = player?.playing ?? false;
  const isStereo = (state.recording?.channels ?? state.peaks?.channels ?? 1) === 2;
  return html`
    <div class="controls">
      <button type="button" class="play" aria-label=${playing ? "Pause" : "Play"} ?disabled=${!player} @click=${on.toggle}>
        ${icon(playing ? PAUSE : PLAY)}
      </button>
      ${button("−10 seconds", "−10", () => on.by(-10))}
      ${button("+10 seconds", "+10", () => on.by(10))}
      <span class="time">${position} / ${clock(state.duration)}</span>
      ${
        state.running
          ? html`
        <button type="button" class="secondary small edge" aria-pressed=${String(Boolean(player?.atEdge))} @click=${on.edge}>
          ${badge("live", "Listen live")}
        </button>`
          : html`
        <label class="inline">Speed
          <select class="rate" @change=${(event) => on.rate(Number(event.target.value))}>
            ${RATES.map((rate) => html`<option value=${rate} .selected=${rate === (player?.rate ?? 1)}>${number(rate, rate % 1 ? 2 : 0)}×</option>`)}
          </select>
        </label>`
      }
      ${
        state.lanes
          ? html`
        <label class="inline"><input type="checkbox" class="skips" .checked=${player?.skips ?? false} @change=${on.skip} /> Skip silence</label>`
          : nothing
      }
      ${
        isStereo
          ? html`
        <fieldset class="solo" role="radiogroup" aria-label="Hear">
          ${Object.entries(HEARD).map(
            ([value, label]) => html`
            <label class="inline"><input type="radio" name="solo" value=${value} .checked=${(track ?? "") === value} @change=${() => on.solo(value || null)} /> ${label}</label>
          `,
          )}
        </fieldset>`
          : nothing
      }
      <span class="zoom row">
        ${button("Zoom out", "−", () => on.zoom(2))}
        ${button("Fit the whole call", "Fit", on.fit)}
        ${button("Zoom in", "+", () => on.zoom(0.5))}
        ${
          view.whole
            ? nothing
            : html`
          ${button("Earlier", "‹", () => view.pan(-view.length / 2))}
          ${button("Later", "›", () => view.pan(view.length / 2))}`
        }
      </span>
      <button type="button" class="secondary small link" @click=${on.link}>Copy link to this moment</button>
    </div>
  `;
}
