// The table of calls.

import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { clock, count, fullTime, milliseconds, spoken, time } from "../format.js";
import { go, href } from "../router.js";
import { badge, direction, html, nothing, sentiment, status } from "../ui.js";

/**
 * @param calls the page's calls, with their recordings, latest analytics and computed figures.
 * @param fresh ids of the calls that were not there a moment ago.
 * @param sort the order, and `sorted`, which makes the place of another order.
 */
export const callTable = (calls, fresh, sort, sorted, now) => html`
  <table class="calls" role="table" @keydown=${moveFocus}>
    <thead role="rowgroup">
      <tr role="row">
        ${heading("Started", "startTime", sort, sorted)}
        <th role="columnheader" scope="col">Caller</th>
        <th role="columnheader" scope="col">Agent</th>
        <th role="columnheader" scope="col">Direction</th>
        <th role="columnheader" scope="col">Status</th>
        ${heading("Duration", "duration", sort, sorted, "figure")}
        <th role="columnheader" scope="col" class="figure"><abbr title="The median time until the agent answers">Answer</abbr></th>
        <th role="columnheader" scope="col">Sentiment</th>
        <th role="columnheader" scope="col">Recording</th>
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${repeat(calls, (call) => call.id, (call) => row(call, fresh.has(call.id), now))}
    </tbody>
  </table>
`;

function heading(title, field, sort, sorted, kind = "") {
  const isSorted = sort === field || sort === `-${field}`;
  const next = sort === `-${field}` ? field : `-${field}`;
  const arrow = isSorted ? (sort.startsWith("-") ? "↓" : "↑") : "";
  return html`<th role="columnheader" scope="col" class=${kind} aria-sort=${isSorted ? (sort.startsWith("-") ? "descending" : "ascending") : nothing}>
    <a class="sort" href=${sorted(next)}>${title} <span aria-hidden="true">${arrow}</span></a>
  </th>`;
}

function row(call, isFresh, now) {
  const place = href(["calls", call.id]);
  const seconds = call.duration ?? (call.status === "active" ? (now - Date.parse(call.startTime)) / 1000 : null);
  const open = (event) => {
    if (event.target.closest("a") || String(getSelection())) return;
    go(place);
  };
  return html`
    <tr role="row" class=${isFresh ? "fresh" : ""} data-call=${call.id} data-status=${call.status} @click=${open}>
      <th role="rowheader" scope="row" class="when"><a href=${place} title=${fullTime(call.startTime)}>${time(call.startTime)}</a></th>
      <td role="cell" class="text caller">${call.caller}</td>
      <td role="cell" class="text agent">${call.agent ?? html`<span class="quiet">none</span>`}</td>
      <td role="cell" class="direction-of">${direction(call.direction)}</td>
      <td role="cell" class="status">${status(call.status)}</td>
      <td role="cell" class="figure duration"><span aria-hidden="true">${clock(seconds)}</span><span class="unseen">${spoken(seconds)}</span></td>
      <td role="cell" class="figure answer">${milliseconds(call.computed?.responseLatency)}</td>
      <td role="cell" class="mood">${call.analytics?.[0]?.sentiment ? sentiment(call.analytics[0].sentiment) : html`<span class="quiet">none</span>`}</td>
      <td role="cell" class="text audio">${recording(call)}</td>
    </tr>
  `;
}

/** What is to know of a call's recording: why there is none, or what is missing in it. */
function recording(call) {
  if (call.failure) return badge("bad", call.failure.detail);
  if (call.status === "active") return html`<span class="quiet">running</span>`;
  if (call.status === "finalizing") return html`<span class="quiet">being made</span>`;
  const gaps = (call.recordings ?? []).flatMap((recording) => recording.gaps);
  if (gaps.length > 0) {
    const missing = gaps.reduce((sum, gap) => sum + gap.end - gap.start, 0);
    return badge("warn", `${count(gaps.length, "gap")}, ${clock(missing, 1)}`);
  }
  return call.recordings?.length ? html`<span class="quiet">complete</span>` : html`<span class="quiet">no audio</span>`;
}

/** Arrow keys move from call to call; Enter opens one, as links do. */
function moveFocus(event) {
  const links = [...event.currentTarget.querySelectorAll("tbody th a")];
  const at = links.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
  if (at < 0 || to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  links[Math.min(links.length - 1, Math.max(0, to))].focus();
}
