// What was measured: the conversation by party, and what the client reported beside what the service computed.

import { count, fullTime, milliseconds, number, percent } from "../format.js";
import { html, nothing, sentiment } from "../ui.js";
import { exact, seconds, share } from "./clock.js";

/** A button that goes to a place in the call. */
export const jump = (time) => html`<button type="button" class="place" data-seek=${time}>${exact(time)}</button>`;

const latencies = (from) => (party) => milliseconds(party.responseLatency[from]);

/** The rows of the table by party: a name, and the text for a party. */
const ROWS = [
  ["Talk time", (party) => seconds(party.talkTime)],
  ["Share of all talk", (party) => share(party.talkShare)],
  ["Share of the call", (party) => `${number(party.talkPercentOfCall, 1)} %`],
  ["Turns", (party) => number(party.turns)],
  ["Mean turn", (party) => seconds(party.meanTurn)],
  ["Longest monologue", (party) => seconds(party.longestMonologue)],
  ["Interrupts the other", (party) => number(party.interruptions)],
  ["Backchannels", (party) => number(party.backchannels)],
  ["Responses", (party) => number(party.responseLatency.num)],
  ["Latency, median", latencies("p50")],
  ["Latency, p95", latencies("p95")],
  ["Latency, longest", latencies("max")],
  ["Words", (party) => number(party.words)],
  ["Words a minute", (party) => number(party.wordsPerMinute)],
];

/** The figures of the conversation. */
export const conversation = ({ parties, silence, overlap, algorithm, computedAt }) => html`
  <div class="table" tabindex="0" role="region" aria-label="Conversation">
    <table class="parties">
      <thead>
        <tr><th scope="col">Conversation</th><th scope="col" class="figure caller">Caller</th><th scope="col" class="figure agent">Agent</th></tr>
      </thead>
      <tbody>
        ${ROWS.map(
          ([name, text]) => html`
          <tr><th scope="row">${name}</th><td class="figure">${text(parties.caller)}</td><td class="figure">${text(parties.agent)}</td></tr>
        `,
        )}
        <tr>
          <th scope="row">Silence</th>
          <td class="figure" colspan="2">${seconds(silence.total)}, ${share(silence.share)} of the time from first to last word</td>
        </tr>
        <tr>
          <th scope="row">Longest silence</th>
          <td class="figure" colspan="2">
            ${seconds(silence.longest)}${silence.longestAt === null ? nothing : html` at ${jump(silence.longestAt)}`}
          </td>
        </tr>
        <tr>
          <th scope="row">Pauses of 1 s or more</th>
          <td class="figure" colspan="2">${number(silence.count)}</td>
        </tr>
        <tr>
          <th scope="row">Both speak</th>
          <td class="figure" colspan="2">${seconds(overlap.total)}, ${share(overlap.share)}</td>
        </tr>
      </tbody>
    </table>
  </div>
  <p class="quiet">Computed from the recording by <code>${algorithm}</code>, ${fullTime(computedAt)}.</p>
`;

const REPORTED = [
  ["talkTime", "Talk time", (value) => seconds(value)],
  ["silenceTime", "Silence", (value) => seconds(value)],
  ["interruptions", "Interruptions", (value) => number(value)],
  ["averageLatency", "Average latency", milliseconds],
];

const signed = (value, text) =>
  value === null ? "–" : `${value > 0 ? "+" : value < 0 ? "−" : "±"}${text(Math.abs(value))}`;

/** The latest snapshot of the client, beside what was computed where there is a counterpart. */
export function reported(computed, snapshots) {
  const latest = snapshots[0];
  if (!latest) return nothing;
  const beside = computed?.reported?.analyticsId === latest.id ? computed.reported : null;
  const row = ([name, label, text]) => {
    const pair = beside?.[name];
    if (latest[name] === null) return nothing;
    return html`
      <tr data-figure=${name}>
        <th scope="row">${label}</th>
        <td class="figure">${text(latest[name])}</td>
        <td class="figure">${pair?.computed === null || pair === undefined || pair === null ? "–" : text(pair.computed)}</td>
        <td class="figure">${signed(pair?.difference ?? null, text)}</td>
      </tr>
    `;
  };
  return html`
    <h3>Reported by the client</h3>
    <div class="table" tabindex="0" role="region" aria-label="Reported figures">
      <table class="reported">
        <thead>
          <tr>
            <th scope="col">Figure</th><th scope="col" class="figure">Reported</th>
            <th scope="col" class="figure">Computed</th><th scope="col" class="figure">Difference</th>
          </tr>
        </thead>
        <tbody>
          ${REPORTED.map(row)}
          ${
            latest.sentiment === null
              ? nothing
              : html`
            <tr>
              <th scope="row">Sentiment</th>
              <td class="figure" colspan="3">
                ${sentiment(latest.sentiment)}${latest.sentimentScore === null ? nothing : html`, ${percent(latest.sentimentScore)}`}
              </td>
            </tr>`
          }
        </tbody>
      </table>
    </div>
    ${latest.metrics ? json("Metrics", latest.metrics) : nothing}
    <p class="quiet">Snapshot of ${fullTime(latest.snapshotTime)}${snapshots.length > 1 ? `, the latest of ${number(snapshots.length)}` : ""}.</p>
  `;
}

/** A JSON object, as it was stored. */
export const json = (label, value) => html`
  <details open><summary>${label}</summary><pre class="json" tabindex="0">${JSON.stringify(value, null, 2)}</pre></details>
`;

const PARTY = { caller: "Caller", agent: "Agent" };

/** Each turn with its place, its length and its latency; each interruption. The text of what the lanes show. */
export function course({ turns, interruptions }) {
  if (!turns.length) return nothing;
  const row = (turn, index) => {
    const before = turns[index - 1];
    const responds = before && before.party !== turn.party;
    const latency = responds ? milliseconds(Math.round(Math.max(0, turn.start - before.end) * 1000)) : "–";
    return html`
      <tr>
        <td>${jump(turn.start)}</td><td class=${turn.party}>${PARTY[turn.party]}</td>
        <td class="figure">${seconds(turn.end - turn.start, 2)}</td><td class="figure">${latency}</td>
      </tr>
    `;
  };
  return html`
    <details class="turns">
      <summary>${count(turns.length, "turn")}</summary>
      <div class="table scrolls" tabindex="0" role="region" aria-label="Turns">
        <table>
          <thead>
            <tr>
              <th scope="col">Begins</th><th scope="col">Who</th><th scope="col" class="figure">Length</th>
              <th scope="col" class="figure">Latency</th>
            </tr>
          </thead>
          <tbody>${turns.map(row)}</tbody>
        </table>
      </div>
    </details>
    ${
      interruptions.length === 0
        ? nothing
        : html`
      <details class="interruptions">
        <summary>${count(interruptions.length, "interruption")}</summary>
        <div class="table scrolls" tabindex="0" role="region" aria-label="Interruptions">
          <table>
            <thead>
              <tr><th scope="col">At</th><th scope="col">By</th><th scope="col" class="figure">Both speak</th></tr>
            </thead>
            <tbody>
              ${interruptions.map(
                ({ time, by, overlap }) => html`
                <tr><td>${jump(time)}</td><td class=${by}>${PARTY[by]}</td><td class="figure">${seconds(overlap, 2)}</td></tr>
              `,
              )}
            </tbody>
          </table>
        </div>
      </details>`
    }
  `;
}
