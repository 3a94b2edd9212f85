// What is known of a call besides what was said: its fields, metadata, recording, keys and marks.

import { bytes, clock, count, fullTime, number, words } from "../format.js";
import { copyButton, direction, html, nothing } from "../ui.js";
import { exact, seconds } from "./clock.js";
import { jump, json } from "./figures.js";
import { eventName } from "./lanes.js";

const TRACKS = { inbound: "Caller", outbound: "Agent" };

/** A list of names and values. Values that are not known are left out. */
const list = (entries) => html`
  <dl class="facts">
    ${entries
      .filter(([, value]) => value !== null && value !== undefined && value !== "")
      .map(
        ([name, value]) => html`
      <div><dt>${name}</dt><dd class="text">${value}</dd></div>
    `,
      )}
  </dl>
`;

const id = (text) => (text === null ? null : html`<code>${text}</code> ${copyButton(text)}`);

/** The call's own fields. */
export const callFacts = (call) =>
  list([
    ["Caller", call.caller],
    ["Agent", call.agent],
    ["Direction", call.direction && direction(call.direction)],
    ["Started", fullTime(call.startTime)],
    ["Ended", call.endTime && fullTime(call.endTime)],
    ["Duration", call.duration === null ? null : clock(call.duration)],
    ["Ended by", call.endReason && words(call.endReason)],
    ["Sent as", `${call.audioFormat.encoding}, ${number(call.audioFormat.sampleRate)} Hz`],
    ["Call id", id(call.id)],
    ["Stream", id(call.streamSid)],
    ["Carrier's id", id(call.callSid)],
  ]);

/** Metadata, if there is any. */
export function metadataFacts(metadata) {
  if (!metadata) return html`<p class="quiet">None.</p>`;
  const { language, region, deviceType, networkQuality, customData, updatedAt } = metadata;
  return html`
    ${list([
      ["Language", language],
      ["Region", region],
      ["Device", deviceType],
      ["Network", networkQuality],
    ])}
    ${customData && Object.keys(customData).length ? json("Custom data", customData) : nothing}
    <p class="quiet">Changed ${fullTime(updatedAt)}.</p>
  `;
}

/** The recording's file, and what is missing in it. */
export const recordingFacts = (recording) => html`
  ${list([
    ["Length", exact(recording.duration)],
    ["Size", bytes(recording.sizeBytes)],
    [
      "Audio",
      `WAV, 16 bit, ${number(recording.sampleRate)} Hz, ${recording.channels === 2 ? "caller left, agent right" : "one track"}`,
    ],
    ["Finished", fullTime(recording.createdAt)],
    ["Repeated chunks", recording.duplicates || null],
    ["Dropped overlaps", recording.overlapSeconds ? seconds(recording.overlapSeconds, 2) : null],
    ["SHA-256", html`<code class="hash">${recording.sha256}</code> ${copyButton(recording.sha256)}`],
  ])}
  ${gapTable(recording.gaps)}
`;

const gapTable = (gaps) =>
  gaps.length === 0
    ? html`<p class="quiet">No audio is missing.</p>`
    : html`
  <details class="gaps">
    <summary>${count(gaps.length, "gap")}, where audio is missing</summary>
    <div class="table scrolls" tabindex="0" role="region" aria-label="Gaps">
      <table>
        <thead><tr><th scope="col">From</th><th scope="col">Track</th><th scope="col" class="figure">Length</th></tr></thead>
        <tbody>
          ${gaps.map(
            ({ track, start, end }) => html`
            <tr><td>${jump(start)}</td><td>${TRACKS[track]}</td><td class="figure">${seconds(end - start, 3)}</td></tr>
          `,
          )}
        </tbody>
      </table>
    </div>
  </details>
`;

/** Pressed keys and marks. */
export const eventTable = (events) => html`
  <div class="table scrolls" tabindex="0" role="region" aria-label="Table of keys and marks">
    <table class="events">
      <thead><tr><th scope="col">At</th><th scope="col">What</th><th scope="col">Track</th></tr></thead>
      <tbody>
        ${events.map(
          (event) => html`
          <tr><td>${jump(event.position)}</td><td class="text">${eventName(event)}</td><td>${TRACKS[event.track] ?? "–"}</td></tr>
        `,
        )}
      </tbody>
    </table>
  </div>
`;

/** What happened to the call in the store, the latest first. */
export const historyList = (history) => html`
  <div class="table scrolls" tabindex="0" role="region" aria-label="Table of what happened">
    <table class="history">
      <thead><tr><th scope="col">When</th><th scope="col">What</th></tr></thead>
      <tbody>
        ${history.toReversed().map(({ type, time }) => html`<tr><td>${fullTime(time)}</td><td><code>${type}</code></td></tr>`)}
      </tbody>
    </table>
  </div>
`;
