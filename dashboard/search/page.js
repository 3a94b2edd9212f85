// Search: what was said, and its sound in place.

import { live } from "../vendor/lit-html/directives/live.js";
import { api, isCancelled } from "../api.js";
import { count, number } from "../format.js";
import { go, href } from "../router.js";
import { announce, empty, failure, html, nothing, render, waiting } from "../ui.js";
import { asked, filtersOf } from "../calls/filters.js";
import { hitItem } from "./hit.js";
import { player } from "./player.js";

const LIMIT = 20;
const SORTS = { "-startTime": "Newest calls first", relevance: "Best matches first" };
const TRACKS = { "": "Either side", inbound: "The caller", outbound: "The agent" };
const KINDS = { speech: "Speech", tool_call: "Tool calls", tool_result: "Results of tools", note: "Notes" };

export function open(root, first) {
  const state = { query: first.query, hits: [], page: null, indexing: null, error: null, isLoading: false, isMore: false };
  const sound = player(() => show());
  let loading = new AbortController();

  if (words()) load();
  else show();
  root.querySelector("input[type=search]")?.focus();

  return {
    update({ query }) {
      state.query = query;
      sound.stop();
      load();
    },
    close() {
      loading.abort();
      sound.stop();
    },
  };

  function words() {
    return (state.query.get("q") ?? "").trim();
  }

  /** Reads the first hits, or the next ones after those that are shown. */
  async function load(cursor = "") {
    loading.abort();
    loading = new AbortController();
    const { signal } = loading;
    if (!cursor) Object.assign(state, { hits: [], page: null });
    Object.assign(state, { error: null, isLoading: words() !== "", isMore: cursor !== "" });
    show();
    if (!words()) return;
    const filters = asked(filtersOf(state.query)).filter(([name]) => name !== "q");
    const query = new URLSearchParams([...filters, ["q", words()], ["limit", LIMIT]]);
    for (const name of ["sort", "track", "kind", "speaker"]) {
      if (state.query.get(name)) query.set(name, state.query.get(name));
    }
    if (cursor) query.set("cursor", cursor);
    try {
      const found = await api.get("/search", { query, signal });
      const hits = [...state.hits, ...found.items];
      Object.assign(state, { hits, page: found.page, indexing: found.indexing, isLoading: false });
      announce(hits.length === 0 ? "Nothing was found." : `${count(hits.length, "hit")} shown.`);
    } catch (error) {
      if (isCancelled(error)) return;
      Object.assign(state, { error, isLoading: false });
    }
    show();
  }

  function submit(event) {
    event.preventDefault();
    const given = [...new FormData(event.currentTarget)].map(([name, value]) => [name, String(value).trim()]);
    const beside = filtersOf(state.query).filter(([name]) => !given.some(([other]) => other === name));
    const place = href(["search"], [...given.filter(([, value]) => value !== ""), ...beside]);
    if (place === location.hash) load();
    else go(place);
  }

  /** A choice takes effect at once; words are searched for with Enter or the button. */
  function change(event) {
    if (event.target.tagName === "SELECT" && words()) submit(event);
  }

  function show() {
    render(html`
      <div class="head"><h1>Search</h1></div>
      ${form()}
      ${state.indexing
        ? html`<div class="notice"><p>Older transcripts are still being indexed: ${number(state.indexing.done)} of
            ${number(state.indexing.total)} so far. Hits among the others are missing.</p></div>`
        : nothing}
      ${state.error ? failure(state.error, () => load()) : nothing}
      ${results()}
    `, root);
  }

  function form() {
    const value = (name) => state.query.get(name) ?? (name === "sort" ? "-startTime" : "");
    const choice = (name, label, options) => html`
      <div class="field">
        <label for="search-${name}">${label}</label>
        <select id="search-${name}" name=${name} .value=${live(value(name))}>
          ${Object.entries(options).map(([option, word]) => html`<option value=${option} ?selected=${option === value(name)}>${word}</option>`)}
        </select>
      </div>`;
    return html`
      <form class="filters" aria-label="Search in transcripts" @submit=${submit} @change=${change}>
        <div class="fields">
          <div class="field field-q">
            <label for="search-q">Words said</label>
            <input id="search-q" name="q" type="search" maxlength="500" autocomplete="off" .value=${live(value("q"))}
              aria-describedby="search-help" />
          </div>
          ${choice("sort", "Order", SORTS)} ${choice("track", "Said by", TRACKS)}
          ${choice("kind", "Kind", { "": "Anything", ...KINDS })}
          <div class="field">
            <label for="search-agent">Agent</label>
            <input id="search-agent" name="agent" type="text" autocomplete="off" .value=${live(value("agent"))} />
          </div>
          <div class="field submit"><button type="submit">Search</button></div>
        </div>
        <p class="quiet" id="search-help">All words must occur. <code>"a phrase"</code> keeps words together,
          <code>-not</code> excludes one, <code>begin*</code> finds what begins so.</p>
      </form>
    `;
  }

  function results() {
    if (!words()) return empty("What was said?", "Type words, and hear the place where they were said.");
    if (state.isLoading && !state.isMore) return waiting("Searching …");
    if (state.error && state.hits.length === 0) return nothing;
    if (state.hits.length === 0) return empty("Nothing was found.", "Try fewer words, or a word's beginning with a star.");
    return html`
      <ol class="hits" aria-label="Hits">${state.hits.map((hit) => hitItem(hit, sound))}</ol>
      ${state.page?.nextCursor
        ? html`<button type="button" class="secondary" aria-busy=${state.isLoading ? "true" : "false"}
            @click=${() => load(state.page.nextCursor)}>More hits</button>`
        : html`<p class="quiet">These are all hits.</p>`}
    `;
  }
}
