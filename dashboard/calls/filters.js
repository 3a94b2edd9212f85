// The filters of calls: what stands in the URL, what the service is asked, and the form.

import { live } from "../vendor/lit-html/directives/live.js";
import { href } from "../router.js";
import { html, nothing } from "../ui.js";

const STATES = { active: "Live", finalizing: "Finalizing", completed: "Completed", failed: "Failed" };
const DIRECTIONS = { inbound: "Inbound", outbound: "Outbound" };
const REASONS = {
  api: "Request to end it",
  stream_stop: "Stream stopped",
  stream_disconnect: "Stream lost",
  idle_timeout: "No audio for too long",
  max_duration: "Longest duration reached",
};

/** The filters that are always shown, and those behind "More filters". `from` and `to` are days of this time zone. */
const FIRST = [
  { name: "q", label: "Words said", type: "search", hint: 'refund "next week" -cancel' },
  { name: "status", label: "Status", options: STATES },
  { name: "direction", label: "Direction", options: DIRECTIONS },
  { name: "agent", label: "Agent", type: "text", list: "agents" },
  { name: "from", label: "From", type: "date" },
  { name: "to", label: "To", type: "date" },
];
const MORE = [
  { name: "callerPrefix", label: "Caller begins with", type: "text", hint: "+1415" },
  { name: "endReason", label: "Ended by", options: REASONS },
  { name: "hasRecording", label: "Recording", options: { true: "With recording", false: "Without recording" } },
  { name: "minDuration", label: "At least (seconds)", type: "number" },
  { name: "maxDuration", label: "At most (seconds)", type: "number" },
  { name: "maxResponseLatency", label: "Agent answers within (seconds)", type: "number", step: "0.1" },
  { name: "language", label: "Language", type: "text", hint: "en-US" },
  { name: "region", label: "Region", type: "text" },
];
const ALL = [...FIRST, ...MORE].map(({ name }) => name);
/** Filters that a place may have, made by hand or by a link, although the form has no field for them. */
const BESIDE = ["caller", "streamSid", "callSid", "deviceType", "minTalkTime"];

const isFilter = (name) => ALL.includes(name) || BESIDE.includes(name) || name.startsWith("customData.");

/** The filters of a place's query, as pairs. */
export const filtersOf = (query) => [...query].filter(([name, value]) => isFilter(name) && value !== "");

/** What the service is asked for these filters: days become moments of this time zone. */
export function asked(filters) {
  return filters.map(([name, value]) => {
    if (name === "from") return ["startedAfter", midnight(value, 0)];
    if (name === "to") return ["startedBefore", midnight(value, 1)];
    return [name, value];
  });
}

/** The beginning of a day, or of the one after; what is no day is sent as it is, and the service says so. */
function midnight(day, later) {
  const [year, month, date] = day.split("-").map(Number);
  const moment = new Date(year, month - 1, date + later);
  return Number.isNaN(moment.getTime()) ? day : moment.toISOString();
}

/**
 * The form.
 *
 * @param query the place's query.
 * @param agents names to suggest.
 * @param apply is given the chosen filters as pairs.
 */
export function filterForm(query, agents, apply) {
  const chosen = filtersOf(query);
  const beside = chosen.filter(([name]) => !ALL.includes(name));
  const isMore = MORE.some(({ name }) => query.get(name));
  const read = (event) => {
    event.preventDefault();
    const given = [...new FormData(event.currentTarget)].map(([name, value]) => [name, String(value).trim()]);
    apply([...given.filter(([, value]) => value !== ""), ...beside]);
  };
  return html`
    <form class="filters" aria-label="Filters" @submit=${read} @change=${read}>
      <div class="fields">${FIRST.map((field) => filter(field, query))}</div>
      <details ?open=${isMore}>
        <summary>More filters</summary>
        <div class="fields">${MORE.map((field) => filter(field, query))}</div>
      </details>
      <datalist id="agents">${agents.map((agent) => html`<option value=${agent}></option>`)}</datalist>
      ${beside.map(([name, value]) => html`<p class="quiet text">Also: ${name} is ${value}</p>`)}
      ${chosen.length > 0 ? html`<p class="clear"><a href=${href(["calls"], sortOf(query))}>Clear all filters</a></p>` : nothing}
      <button type="submit" class="unseen" tabindex="-1">Apply filters</button>
    </form>
  `;
}

const sortOf = (query) => ({ sort: query.get("sort") });

function filter({ name, label, type, options, hint, list, step }, query) {
  const value = query.getAll(name).join(",");
  const field = options
    ? html`<select id="filter-${name}" name=${name} .value=${live(value)}>
        <option value="">Any</option>
        ${Object.entries(options).map(([option, word]) => html`<option value=${option} ?selected=${option === value}>${word}</option>`)}
        ${value.includes(",") ? html`<option value=${value} selected>Several</option>` : nothing}
      </select>`
    : html`<input id="filter-${name}" name=${name} type=${type} .value=${live(value)} placeholder=${hint ?? nothing}
        list=${list ?? nothing} min=${type === "number" ? "0" : nothing} step=${step ?? (type === "number" ? "any" : nothing)}
        autocomplete="off" maxlength=${type === "date" || type === "number" ? nothing : "500"} />`;
  return html`<div class="field field-${name}"><label for="filter-${name}">${label}</label>${field}</div>`;
}
