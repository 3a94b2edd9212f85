// The page of a call. It shows a running call and a finished one, and becomes the other when the call ends.

import { clock, fullTime } from "../format.js";
import { href, note } from "../router.js";
import { announce, copyText, direction, empty, failure, html, nothing, render, status, waiting } from "../ui.js";
import { actions } from "./actions.js";
import { exact } from "./clock.js";
import { controls, RATES } from "./controls.js";
import { callFacts, eventTable, historyList, metadataFacts, recordingFacts } from "./facts.js";
import { conversation, course, reported } from "./figures.js";
import { help, listen } from "./keyboard.js";
import { Listening } from "./listening.js";
import { CallState } from "./state.js";
import { announcePart, commands, downloads } from "./take.js";

/** The style of this page alone. */
await new Promise((done) => {
  const sheet = Object.assign(document.createElement("link"), {
    rel: "stylesheet",
    href: new URL("call.css", import.meta.url),
  });
  sheet.onload = sheet.onerror = done;
  document.head.append(sheet);
});

export function open(root, { params, query }) {
  const page = new CallPage(root, params.call, query);
  return { update: ({ query: changed }) => page.went(changed), close: () => page.close() };
}

const section = (name, title, content) => html`
  <section class="card part-${name}" aria-labelledby="title-${name}">
    <h2 id="title-${name}">${title}</h2>
    ${content}
  </section>
`;

class CallPage {
  constructor(root, id, query) {
    this.#root = root;
    this.#id = id;
    this.#state = new CallState(id);
    this.#heard = new Listening(this.#state);
    this.#state.addEventListener("change", ({ detail }) => this.#changed(detail));
    this.#heard.addEventListener("change", () => this.#render());
    this.#unlisten = listen(this.#on);
    this.went(query);
    this.#render();
    this.#state.open();
  }

  #root;
  #id;
  #state;
  #heard;
  #unlisten;
  #error = null;
  #frame = 0;
  #shownStatus = null;

  /** What buttons and keys do. */
  #on = {
    toggle: () => this.#heard.toggle(),
    edge: () => this.#heard.edge(),
    by: (seconds) => this.#heard.by(seconds),
    to: (where) => this.#heard.seek(where === "begin" ? 0 : this.#state.duration),
    word: (step) => this.#heard.word(step),
    rate: (rate) => this.#heard.rate(rate),
    faster: (steps) => this.#heard.rate(RATES[RATES.indexOf(this.#heard.player?.rate ?? 1) + steps]),
    skip: () => this.#heard.skip(),
    solo: (track) => this.#heard.solo(track),
    zoom: (factor) => this.#heard.zoom(factor),
    fit: () => this.#heard.timeline.view.fit(),
    part: (edge) => this.#heard.edgeOfPart(edge),
    link: () => this.#copyLink(),
  };

  /** The URL names a moment. */
  went(query) {
    const time = Number(query.get("t"));
    if (query.has("t") && Number.isFinite(time) && time >= 0) this.#heard.begin(time);
  }

  close() {
    this.#unlisten();
    this.#state.close();
    this.#heard.close();
    cancelAnimationFrame(this.#frame);
  }

  #changed(part) {
    const { call, gone } = this.#state;
    if (gone) {
      document.title = "Call · Callstore";
      announce("This call was deleted.");
    }
    if (part === "call" && call) {
      if (this.#shownStatus && this.#shownStatus !== call.status) announce(`The call is ${call.status}.`);
      this.#shownStatus = call.status;
      document.title = `${call.caller} · Callstore`;
    }
    this.#heard.update(part);
    this.#render();
  }

  async #copyLink() {
    const place = href(["calls", this.#id], { t: (Math.round(this.#heard.time * 10) / 10).toString() });
    note(place);
    const copied = await copyText(location.href);
    announce(
      copied
        ? `Link to ${exact(this.#heard.time)} copied.`
        : "Copying is not allowed here. Copy the address of this page.",
    );
  }

  #failed = (error) => {
    this.#error = error;
    this.#render();
  };

  /** Renders once a frame, however much changes. */
  #render() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      render(this.#view(), this.#root);
    });
  }

  #view() {
    const { call, gone, failure: problem } = this.#state;
    if (gone) {
      return html`<h1>Call</h1>${empty("This call was deleted.", html`It was deleted while this page was open. Go to <a href=${href(["calls"])}>all calls</a>.`)}`;
    }
    if (!call && problem) {
      const text =
        problem.code === "call_not_found"
          ? empty(
              "There is no such call.",
              html`It never existed, or it was deleted. Go to <a href=${href(["calls"])}>all calls</a>.`,
            )
          : failure(problem, () => this.#state.open());
      return html`<h1>Call</h1>${text}`;
    }
    if (!call) return html`<h1>Call</h1>${waiting()}`;
    return this.#whole(call, problem);
  }

  #whole(call, problem) {
    const [state, heard] = [this.#state, this.#heard];
    const hasAudio = Boolean(state.recording || state.peaks);
    const error = this.#error ?? problem;
    return html`
      <nav aria-label="Breadcrumb" class="crumbs"><a href=${href(["calls"])}>Calls</a></nav>
      <div class="head">
        <h1 class="text">${call.caller}</h1>
        ${status(call.status)} ${call.direction ? direction(call.direction) : nothing}
        ${call.agent ? html`<span class="text">with ${call.agent}</span>` : nothing}
        <span class="quiet">${fullTime(call.startTime)}${state.duration ? html`, ${clock(state.duration)}` : nothing}</span>
        ${state.running && state.connection !== "live" ? html`<span class="quiet">Connecting …</span>` : nothing}
      </div>
      ${
        call.failure
          ? html`
        <div class="notice bad"><p><strong>The recording could not be made.</strong> ${call.failure.detail} <code>${call.failure.code}</code></p></div>`
          : nothing
      }
      ${error ? failure(error, () => this.#again()) : nothing}
      ${heard.player?.failure ? html`<div class="notice bad" role="alert"><p><strong>The audio cannot be played.</strong> ${heard.player.failure}</p></div>` : nothing}
      ${
        hasAudio
          ? html`
        <section class="card player" aria-label="Audio">
          ${controls({ player: heard.player, state, track: heard.track, on: this.#on, view: heard.timeline.view, position: heard.position })}
          ${heard.timeline.element} ${heard.player?.audio ?? nothing}
        </section>`
          : this.#silent(call)
      }
      <div class="columns">
        <section class="card said" aria-labelledby="transcript-title">
          <div class="row">
            <h2 id="transcript-title">Transcript</h2>
            <label class="inline"><input type="checkbox" .checked=${heard.transcript.follow} @change=${(event) => heard.follow(event.target.checked)} /> Follow the audio</label>
          </div>
          ${
            state.transcripts.length === 0
              ? html`<p class="quiet">${state.transcriptsComplete ? "No transcript." : "Loading …"}</p>`
              : heard.transcript.element
          }
        </section>
        <div>${this.#figures(call)}</div>
      </div>
      <div class="cards">${this.#facts(call)}</div>
    `;
  }

  #silent(call) {
    const text = {
      active: "No audio yet. It appears here as it arrives.",
      finalizing: "The recording is being made.",
      completed: "This call had no audio.",
      failed: "The call keeps its audio until the recording is made again.",
    };
    return html`<section class="card"><p class="quiet">${text[call.status]}</p></section>`;
  }

  #figures(call) {
    const state = this.#state;
    const pending = state.running || call.status === "finalizing";
    const figures = html`
      ${
        state.computed
          ? html`${conversation(state.computed)} ${course(state.computed)}`
          : html`<p class="quiet">${pending ? "Computed when the call has ended." : "Nothing was computed."}</p>`
      }
      ${reported(state.computed, state.snapshots)}
    `;
    return html`
      ${section("figures", "Analytics", figures)}
      ${state.events.length ? section("events", "Keys and marks", eventTable(state.events)) : nothing}
    `;
  }

  #facts(call) {
    const state = this.#state;
    const take = {
      state,
      selection: this.#heard.timeline.selection,
      failed: this.#failed,
      select: (part) => this.#select(part),
    };
    const hasFiles = state.recording || state.transcripts.length;
    return html`
      ${section("call", "Call", callFacts(call))}
      ${state.recording ? section("recording", "Recording", recordingFacts(state.recording)) : nothing}
      ${section("metadata", "Metadata", metadataFacts(call.metadata))}
      ${state.history.length ? section("history", "History", historyList(state.history)) : nothing}
      ${hasFiles ? section("take", "Download", downloads(take)) : nothing}
      ${section("commands", "On the command line", commands(state))}
      ${section("actions", "Actions", actions(state, this.#failed))}
      ${section("keys", "Keyboard", help())}
    `;
  }

  #select(part) {
    this.#heard.select(part);
    announcePart(part);
  }

  #again() {
    this.#error = null;
    this.#state.reload();
    this.#render();
  }
}
