// What can be taken from a call: its recording or a part of it, its transcript, and the requests that read it.

import { hasKey, send, url } from "../api.js";
import { announce, copyButton, html, nothing, save } from "../ui.js";
import { exact, readClock } from "./clock.js";

const CHANNELS = { "": "Both tracks", inbound: "Caller", outbound: "Agent", mix: "Both, mixed to one" };
const TEXTS = { vtt: "WebVTT", srt: "SubRip", txt: "Text", json: "JSON" };

/** Starts a download of a URL that needs no key. */
function download(address, name) {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}

/** The downloads. `selection` is a part in seconds, or null; `select` sets it; `failed` is told an error. */
export function downloads({ state, selection, select, failed }) {
  const { recording, source, call } = state;
  const name = (ending) => `${call.startTime.slice(0, 19).replaceAll(":", "-")}_${call.id.slice(-8)}${ending}`;
  const audio = async (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const channel = form.get("channel");
    try {
      const part = readPart(form, recording.duration);
      const query = {
        ...(channel && { channel }),
        ...(part && { start: part[0].toFixed(3), end: part[1].toFixed(3) }),
      };
      const ending = `${part ? `_${part.map((time) => exact(time).replaceAll(":", "-")).join("_")}` : ""}${channel && `_${channel}`}.wav`;
      download(await source.link(recording.id, query), name(ending));
    } catch (error) {
      failed(error);
    }
  };
  const text = async (format) => {
    try {
      const response = await send(url(`${source.path}/transcripts`, { format, limit: format === "json" ? 500 : null }));
      save(name(`.${format}`), response.headers.get("Content-Type"), await response.text());
    } catch (error) {
      failed(error);
    }
  };
  const edit = (event) => {
    const form = new FormData(event.currentTarget.form);
    const [start, end] = [readClock(form.get("start")), readClock(form.get("end"))];
    if (start !== null && end !== null && start < end) select([start, end]);
  };
  return html`
    ${
      recording
        ? html`
      <form class="take" @submit=${audio}>
        <label>Track
          <select name="channel">
            ${Object.entries(recording.channels === 2 ? CHANNELS : { "": "The whole" }).map(([value, label]) => html`<option value=${value}>${label}</option>`)}
          </select>
        </label>
        <label>From <input name="start" inputmode="decimal" placeholder="0:00.000" @change=${edit} .value=${selection ? exact(selection[0]) : ""} /></label>
        <label>To <input name="end" inputmode="decimal" placeholder=${exact(recording.duration)} @change=${edit} .value=${selection ? exact(selection[1]) : ""} /></label>
        <div class="row">
          <button type="submit">Download WAV</button>
          ${selection ? html`<button type="button" class="secondary" @click=${() => select(null)}>Whole recording</button>` : nothing}
        </div>
      </form>
      <p class="quiet">Keys I and O, or dragging over the waveform with Shift, set from and to.</p>`
        : nothing
    }
    ${
      state.transcripts.length
        ? html`
      <p class="row">
        <span>Transcript as</span>
        ${Object.entries(TEXTS).map(
          ([format, label]) => html`
          <button type="button" class="secondary small" @click=${() => text(format)}>${label}</button>`,
        )}
      </p>`
        : nothing
    }
  `;
}

/** The part that a form names, or null for all. */
function readPart(form, duration) {
  const [from, to] = [form.get("start").trim(), form.get("end").trim()];
  if (!from && !to) return null;
  const [start, end] = [from ? readClock(from) : 0, to ? readClock(to) : duration];
  if (start === null || end === null) {
    const wrong = start === null ? from : to;
    throw new Error(`“${wrong}” is no time. Write seconds or minutes and seconds, such as 12.3 or 1:02.5.`);
  }
  if (start >= end) throw new Error("The part ends before it begins. Set “To” to a later time than “From”.");
  return [start, Math.min(end, duration)];
}

/** Quotes a text for a POSIX shell. */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** The requests behind this page, as commands. The key is never in them. */
export function commands(state) {
  const { source, recording, computed, running } = state;
  const header = hasKey() ? ' -H "Authorization: Bearer $KEY"' : "";
  const curl = (path, query, extra = "") => `curl -sS${header}${extra} ${quoted(url(path, query).href)}`;
  const file = (path) => curl(path, {}, " -o call.wav");
  const all = [
    ["The call", curl(source.path, { include: "recordings,metadata,analytics" })],
    ["Its transcript", curl(`${source.path}/transcripts`, { limit: 500 })],
    recording && ["Its recording", file(`/recordings/${recording.id}/audio`)],
    running && ["Its audio as it comes", curl(`${source.path}/audio`, { follow: true }, " -N -o call.wav")],
    computed && ["Its computed figures", curl(`${source.path}/analytics/computed`)],
    ["Its events as they happen", curl("/events/stream", { call: state.call.id }, " -N")],
  ];
  return html`
    <ul class="commands">
      ${all.filter(Boolean).map(
        ([name, command]) => html`
        <li><span class="row">${name} ${copyButton(command, "Copy curl")}</span><pre tabindex="0"><code>${command}</code></pre></li>
      `,
      )}
    </ul>
    ${hasKey() ? html`<p class="quiet"><code>$KEY</code> stands for your key: set it with <code>export KEY=…</code>.</p>` : nothing}
  `;
}

/** Says that a part was set, to those who do not see it. */
export const announcePart = (part) =>
  announce(part ? `Part from ${exact(part[0])} to ${exact(part[1])}` : "The whole recording");
