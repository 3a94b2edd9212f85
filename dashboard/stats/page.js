// Statistics: calls over time, and by agent.

import { live } from "../vendor/lit-html/directives/live.js";
import { api, isCancelled } from "../api.js";
import { clock, milliseconds, minutes, number, percent } from "../format.js";
import { go, href } from "../router.js";
import { announce, empty, failure, html, nothing, render, waiting } from "../ui.js";
import { charts } from "./charts.js";
import { readGroups } from "./groups.js";
import { groupTable, intervalTable } from "./tables.js";

const PERIODS = {
  day: { label: "Last 24 hours", interval: "hour", days: 1 },
  week: { label: "Last 7 days", interval: "day", days: 7 },
  month: { label: "Last 30 days", interval: "day", days: 30 },
  quarter: { label: "Last 12 weeks", interval: "week", days: 84 },
  year: { label: "Last 12 months", interval: "month", days: 365 },
};
const INTERVALS = { hour: "Hour", day: "Day", week: "Week", month: "Month" };
const GROUPS = { agent: "Agent", direction: "Direction", status: "Status", endReason: "End", language: "Language" };
const DAY = 86_400_000;

export function open(root, first) {
  const state = { query: first.query, over: null, by: null, error: null, isLoading: true };
  const pictures = charts();
  let loading = new AbortController();
  load();
  return {
    update({ query }) {
      state.query = query;
      load();
    },
    close() {
      loading.abort();
      pictures.close();
    },
  };

  function chosen() {
    const name = state.query.get("period") in PERIODS ? state.query.get("period") : "month";
    const interval = state.query.get("interval") in INTERVALS ? state.query.get("interval") : PERIODS[name].interval;
    const group = state.query.get("by") in GROUPS ? state.query.get("by") : "agent";
    return { name, interval, group, days: PERIODS[name].days };
  }

  async function load() {
    loading.abort();
    loading = new AbortController();
    const { signal } = loading;
    Object.assign(state, { isLoading: true, error: null });
    show();
    const { interval, group, days } = chosen();
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    const query = { from: beginning(interval, days), timeZone, agent: state.query.get("agent") };
    try {
      const [over, by] = await Promise.all([
        api.get("/stats/calls", { query: { ...query, interval }, signal }),
        readGroups(query, group, signal),
      ]);
      Object.assign(state, { over, by, isLoading: false });
      announce(`Statistics of ${number(over.totals.calls)} calls.`);
    } catch (error) {
      if (isCancelled(error)) return;
      Object.assign(state, { error, isLoading: false });
    }
    show();
  }

  function choose(event) {
    event.preventDefault();
    const given = [...new FormData(event.currentTarget)].map(([name, value]) => [name, String(value).trim()]);
    // Another period brings its own interval.
    const isPeriod = event.target.name === "period";
    go(href(["statistics"], given.filter(([name, value]) => value !== "" && !(isPeriod && name === "interval"))));
  }

  function show() {
    const { name, interval, group } = chosen();
    const choice = (field, label, options, value) => html`
      <div class="field">
        <label for="stats-${field}">${label}</label>
        <select id="stats-${field}" name=${field} .value=${live(value)}>
          ${Object.entries(options).map(([option, word]) => html`<option value=${option} ?selected=${option === value}>${word}</option>`)}
        </select>
      </div>`;
    const periods = Object.fromEntries(Object.entries(PERIODS).map(([key, { label }]) => [key, label]));
    render(html`
      <div class="head"><h1>Statistics</h1></div>
      <form class="filters" aria-label="Period" @change=${choose} @submit=${choose}>
        <div class="fields">
          ${choice("period", "Period", periods, name)} ${choice("interval", "Per", INTERVALS, interval)}
          ${choice("by", "Divided by", GROUPS, group)}
          <div class="field">
            <label for="stats-agent">Agent</label>
            <input id="stats-agent" name="agent" type="text" autocomplete="off" .value=${live(state.query.get("agent") ?? "")} />
          </div>
        </div>
      </form>
      ${state.error ? failure(state.error, load) : nothing}
      ${state.over === null ? (state.error ? nothing : waiting()) : figures(interval, group)}
    `, root);
    if (state.over?.totals.calls > 0) pictures.draw(state.over.items, interval);
  }

  function figures(interval, group) {
    const { items, totals } = state.over;
    if (totals.calls === 0) return empty("There are no calls in this period.", "Choose a longer one.");
    return html`
      <dl class="tiles" aria-busy=${state.isLoading ? "true" : "false"}>
        ${tile("Calls", number(totals.calls), `${number(totals.completed)} completed, ${number(totals.failed)} failed`)}
        ${tile("Minutes", minutes(totals.duration.total), `median ${clock(totals.duration.p50)}, 95th percentile ${clock(totals.duration.p95)}`)}
        ${tile("Speech", minutes(totals.talkTime), spoken(totals))}
        ${tile("Agent's answer", milliseconds(totals.responseLatency.p50), `median; 95th percentile ${milliseconds(totals.responseLatency.p95)}`)}
        ${tile("Interruptions", number(totals.interruptions), perCall(totals))}
      </dl>
      <div class="charts">${pictures.places()}</div>
      <h2>Per ${INTERVALS[interval].toLowerCase()}</h2>
      ${intervalTable(items, interval)}
      <h2>By ${GROUPS[group].toLowerCase()}</h2>
      ${groupTable(state.by, GROUPS[group])}
    `;
  }
}

const tile = (title, figure, more) => html`<div class="card tile"><dt>${title}</dt><dd class="big">${figure}</dd><dd class="quiet">${more}</dd></div>`;

const spoken = ({ talkTime, duration }) =>
  talkTime === null || !duration.total ? "not computed" : `${percent(talkTime / duration.total)} of all minutes`;

const perCall = ({ interruptions, calls }) => (interruptions === null ? "not computed" : `${number(interruptions / calls, 1)} per call`);

/** The first moment of the period: the beginning of a day, or of this hour a day ago, so that no item is a part. */
function beginning(interval, days) {
  const moment = new Date(Date.now() - (interval === "hour" ? days : days - 1) * DAY);
  if (interval === "hour") moment.setMinutes(0, 0, 0);
  else moment.setHours(0, 0, 0, 0);
  return moment.toISOString();
}
