// The list of calls: a page of it, its filters, and what happens meanwhile.

import { api, isCancelled } from "../api.js";
import { count } from "../format.js";
import { follow } from "../live.js";
import { go, href } from "../router.js";
import { announce, badge, empty, failure, html, nothing, render, save, throttled, waiting } from "../ui.js";
import { ROWS_MAX, exportCalls } from "./csv.js";
import { asked, filterForm, filtersOf } from "./filters.js";
import { callTable } from "./table.js";

const LIMIT = 50;
const SORTS = ["-startTime", "startTime", "-duration", "duration"];
/** A page is read anew at most this often, however much happens. */
const REFRESH = 1_000;
/** A screen reader is told of new calls at most this often. */
const TOLD = 10_000;
const TYPES = ["call.*", "recording.*", "analytics.added", "analytics.computed"];

export function open(root, first) {
  const state = {
    query: first.query,
    calls: null,
    page: null,
    error: null,
    isLoading: true,
    live: "connecting",
    fresh: new Set(),
    exporting: null,
    agents: new Set(),
  };
  /** The cursor of each next page that was offered, with that of the page before it; empty for the first. */
  let before = new Map();
  let loading = new AbortController();
  let isClosed = false;
  const refresh = throttled(() => load({ quietly: true }), REFRESH);
  const tellOfCalls = throttled(() => announce("The list of calls has changed."), TOLD);
  const ticking = setInterval(() => state.calls?.some((call) => call.status === "active") && show(), 1_000);

  load();
  const stop = follow({ types: TYPES }, {
    event(event) {
      if (isFirstPage() || state.calls?.some((call) => call.id === event.callId)) refresh();
    },
    state(name) {
      state.live = name;
      show();
    },
    // What happened between the first request and the stream's beginning, or during a long break.
    reset: refresh,
  });

  return {
    update({ query }) {
      const isSameList = String(listed(query)) === String(listed(state.query));
      if (!isSameList) before = new Map();
      state.query = query;
      state.fresh = new Set();
      load();
    },
    close() {
      isClosed = true;
      stop();
      refresh.stop();
      tellOfCalls.stop();
      clearInterval(ticking);
      loading.abort();
      state.exporting?.abort();
    },
  };

  function sort() {
    const wanted = state.query.get("sort");
    return SORTS.includes(wanted) ? wanted : SORTS[0];
  }

  /** Filters and order of a place: what its pages have in common. */
  function listed(query) {
    return new URLSearchParams([...filtersOf(query), ...(query.get("sort") ? [["sort", query.get("sort")]] : [])]);
  }

  function isFirstPage() {
    return !state.query.get("cursor");
  }

  async function load({ quietly = false } = {}) {
    if (isClosed) return;
    if (quietly && state.isLoading) return refresh();
    loading.abort();
    loading = new AbortController();
    const { signal } = loading;
    state.isLoading = !quietly;
    if (!quietly) show();
    const query = new URLSearchParams([...asked(filtersOf(state.query)), ["sort", sort()], ["limit", LIMIT]]);
    query.set("include", "recordings,analytics,computed");
    if (!isFirstPage()) query.set("cursor", state.query.get("cursor"));
    try {
      const { items, page } = await api.get("/calls", { query, signal });
      note(items, quietly);
      if (page.nextCursor) before.set(page.nextCursor, query.get("cursor") ?? "");
      Object.assign(state, { calls: items, page, error: null, isLoading: false });
      if (!quietly) announce(items.length === 0 ? "No calls match." : `${count(items.length, "call")} on this page.`);
    } catch (error) {
      if (isCancelled(error)) return;
      // What is shown stays when only a refresh failed: the next event tries again.
      if (quietly && error.status !== 401) return;
      Object.assign(state, { error, isLoading: false });
    }
    if (!isClosed) show();
  }

  /** Notes which calls are new on the page, and the agents there are. */
  function note(calls, quietly) {
    const before = new Set(state.calls?.map((call) => call.id));
    const isNew = (call) => quietly && state.calls !== null && !before.has(call.id);
    state.fresh = new Set(calls.filter(isNew).map((call) => call.id));
    if (state.fresh.size > 0) tellOfCalls();
    for (const { agent } of calls) if (agent !== null && state.agents.size < 200) state.agents.add(agent);
  }

  function apply(filters) {
    go(href(["calls"], [...filters, ["sort", state.query.get("sort") ?? ""]]), { replace: true });
  }

  async function download() {
    if (state.exporting) {
      state.exporting.abort();
      return;
    }
    state.exporting = new AbortController();
    state.exported = 0;
    show();
    try {
      const query = new URLSearchParams([...asked(filtersOf(state.query)), ["sort", sort()]]);
      const progress = (rows) => ((state.exported = rows), show());
      const { text, rows, isCut } = await exportCalls(query, progress, state.exporting.signal);
      save(`calls-${new Date().toISOString().slice(0, 10)}.csv`, "text/csv", text);
      announce(`${count(rows, "call")} exported.`);
      state.notice = isCut ? `The file has the first ${count(ROWS_MAX, "call")}. Narrow the filters, or export with the API.` : "";
    } catch (error) {
      if (!isCancelled(error)) state.notice = error.message;
    }
    state.exporting = null;
    if (!isClosed) show();
  }

  function show() {
    const isFiltered = filtersOf(state.query).length > 0;
    render(html`
      <div class="head">
        <h1>Calls</h1>
        ${LIVE[state.live]}
        <div class="end">
          <button type="button" class="secondary" @click=${download}>
            ${state.exporting ? `Stop (${count(state.exported, "call")})` : "Export CSV"}
          </button>
        </div>
      </div>
      ${filterForm(state.query, [...state.agents], apply)}
      ${state.notice ? html`<div class="notice" role="status"><p>${state.notice}</p></div>` : nothing}
      ${state.error ? failure(state.error, () => load()) : nothing}
      ${state.calls === null ? (state.error ? nothing : waiting()) : list(isFiltered)}
    `, root);
  }

  function list(isFiltered) {
    if (state.calls.length === 0 && isFirstPage()) {
      return isFiltered
        ? empty("No calls match these filters.", "Change or clear them to see more.")
        : empty("There are no calls yet.", html`Start one with the <a href="../swagger-ui/">API</a>, or with
            <code>callstore simulate</code>. It appears here by itself.`);
    }
    const sorted = (order) => href(["calls"], [...filtersOf(state.query), ["sort", order]]);
    return html`
      <div class="table" role="region" aria-label="Calls" tabindex="0" aria-busy=${state.isLoading ? "true" : "false"}>
        ${callTable(state.calls, state.fresh, sort(), sorted, Date.now())}
      </div>
      ${pager()}
    `;
  }

  function pager() {
    const base = [...listed(state.query)];
    const cursor = state.query.get("cursor") ?? "";
    const next = state.page?.nextCursor;
    if (!cursor && !next) return nothing;
    const link = (title, to) => html`<a class="button" href=${href(["calls"], [...base, ["cursor", to]])}>${title}</a>`;
    return html`
      <nav class="pager" aria-label="Pages">
        ${cursor ? link("First page", "") : nothing}
        ${before.has(cursor) ? link("Previous", before.get(cursor)) : nothing}
        ${next ? link("Next", next) : html`<span class="quiet">This is the last page.</span>`}
      </nav>
    `;
  }
}

const LIVE = {
  live: badge("live", "Live"),
  connecting: badge("busy", "Connecting …"),
  off: badge("", "Not live"),
};
