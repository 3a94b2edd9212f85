// Ties the player to the timeline and the transcript: one position, seen and heard.

import { clock } from "../format.js";
import { announce } from "../ui.js";
import { eventLane, speechLanes } from "./lanes.js";
import { LivePlayer } from "./liveplayer.js";
import { FilePlayer } from "./player.js";
import { Timeline } from "./timeline.js";
import { Transcript } from "./transcript.js";

const HEARD = { inbound: "the caller", outbound: "the agent" };

/** What is heard of a call. Dispatches `change` when controls have to be shown anew. */
export class Listening extends EventTarget {
  timeline = new Timeline();
  transcript = new Transcript();
  /** Where the position is written; changed at every tick, so no template has it. */
  position = Object.assign(document.createElement("span"), { className: "now" });
  player = null;
  track = null;

  constructor(state) {
    super();
    this.#state = state;
    const seek = ({ detail }) => this.seek(detail);
    this.timeline.addEventListener("seek", seek);
    this.transcript.addEventListener("seek", seek);
    this.timeline.addEventListener("select", ({ detail }) => this.select(detail));
    this.timeline.addEventListener("resolution", () => {
      this.#resolve();
      this.#tell();
    });
    window.addEventListener("themechange", this.#repaint);
    document.addEventListener("click", this.#jump);
  }

  #state;
  /** The moment that the URL named, until there is a player. */
  #wanted = null;
  #recording = null;
  #laid = "";

  get time() {
    return this.#wanted ?? this.player?.time ?? 0;
  }

  /** Opens at `time`, or goes there if the audio is open. */
  begin(time) {
    if (this.player) this.seek(time);
    else this.#wanted = time;
  }

  seek(time) {
    if (!this.player) return void (this.#wanted = time);
    this.player.seek(time);
    this.#tick();
    this.transcript.revealAt(this.player.time);
  }

  by(seconds) {
    this.seek(this.time + seconds);
  }

  word(step) {
    const { spoken } = this.transcript;
    const to = step > 0 ? spoken.next(this.time) : spoken.previous(this.time);
    if (to) this.seek(to.start);
  }

  toggle() {
    if (!this.player) return;
    if (this.player.playing) this.player.pause();
    else this.player.play();
  }

  /** Hears what is said now, or stops. */
  edge() {
    if (!this.player?.live) return;
    if (this.player.atEdge) this.player.pause();
    else this.player.playEdge();
  }

  rate(rate) {
    if (!this.player || this.player.live || !rate) return;
    this.player.rate = rate;
    this.#tell();
  }

  skip() {
    if (!this.player || !this.#state.lanes) return;
    this.player.skips = !this.player.skips;
    announce(this.player.skips ? "Silence is skipped." : "Silence is played.");
    this.#tell();
  }

  solo(track) {
    if (!this.player) return;
    this.track = track;
    this.player.solo(track);
    announce(`Hearing ${HEARD[track] ?? "both"}.`);
    this.#tell();
  }

  zoom(factor) {
    const { view } = this.timeline;
    const inView = this.time >= view.start && this.time <= view.end;
    view.zoom(factor, inView ? this.time : undefined);
    announce(`Showing ${clock(view.start)} to ${clock(view.end)}.`);
  }

  follow(on) {
    this.transcript.follow = this.timeline.follow = on;
    this.#tell();
  }

  select(part) {
    this.timeline.selection = part;
    this.timeline.redraw();
    this.#tell();
  }

  /** The part to download begins or ends here. */
  edgeOfPart(edge) {
    const [from, to] = this.timeline.selection ?? [0, this.#state.duration];
    const part = edge === "start" ? [this.time, Math.max(to, this.time)] : [Math.min(from, this.time), this.time];
    if (part[0] < part[1]) this.select(part);
    else if (edge === "start") this.select([this.time, this.#state.duration]);
  }

  /** A part of the state has changed. */
  update(part) {
    const [state, { timeline }] = [this.#state, this];
    if (state.gone) return this.close();
    if (part === "call" || part === "peaks") {
      this.#choosePlayer();
      timeline.gaps = state.recording?.gaps ?? [];
      timeline.peaks = state.peaks;
      timeline.tracks = this.#tracks();
      timeline.duration = state.duration;
      timeline.redraw();
    }
    if (part === "computed" || part === "events") {
      this.#lay();
      timeline.tracks = this.#tracks();
      if (this.player) this.player.pauses = state.lanes?.pauses ?? [];
    }
    if (part === "transcripts") {
      const atEnd = this.transcript.show(state.transcripts);
      if (state.running && atEnd && (!this.player?.playing || this.player.atEdge)) {
        requestAnimationFrame(() => this.transcript.scrollToEnd());
      }
    }
    this.#tick();
  }

  close() {
    this.player?.stop();
    this.player = null;
    this.timeline.stop();
    window.removeEventListener("themechange", this.#repaint);
    document.removeEventListener("click", this.#jump);
  }

  #repaint = () => this.timeline.redraw();

  /** Times in tables and lists are buttons that go there. */
  #jump = (event) => {
    const button = event.target.closest?.("[data-seek]");
    if (button) this.seek(Number(button.dataset.seek));
  };

  /** Shows the lanes, if they are others than before: a running call is asked for its keys again and again. */
  #lay() {
    const { lanes, computed, events } = this.#state;
    const laid = `${computed?.recordingId} ${computed?.computedAt} ${events.map(({ id }) => id)}`;
    if (laid === this.#laid) return;
    this.#laid = laid;
    this.timeline.lanes = [
      ...(lanes ? speechLanes(lanes, computed) : []),
      ...(events.length ? [eventLane(events)] : []),
    ];
  }

  /** From above. A recording of one track has the one that is not missing altogether. */
  #tracks() {
    const channels = this.#state.recording?.channels ?? this.#state.peaks?.channels ?? 2;
    if (channels === 2) return ["inbound", "outbound"];
    const { lanes, recording } = this.#state;
    if (recording?.gaps.length) return [recording.gaps[0].track];
    return lanes && lanes.agent.length > lanes.caller.length ? ["outbound"] : ["inbound"];
  }

  /** A running call is heard as it comes, a finished one from its recording; the position and the sound go on. */
  #choosePlayer() {
    const { recording, running, peaks, duration, source } = this.#state;
    if (recording && this.#recording !== recording.id) {
      const before = this.player;
      const [time, playing] = [this.#wanted ?? before?.time ?? 0, before?.playing ?? false];
      before?.stop();
      this.#recording = recording.id;
      const link = (here) => source.link(recording.id, here ? { start: 0 } : {});
      this.#use(new FilePlayer(link, recording.duration));
      if (time) this.player.seek(time);
      if (playing && time < recording.duration - 0.5) this.player.play();
    } else if (running && peaks && !this.player) {
      this.#use(
        new LivePlayer(
          (from, signal) => source.follow(from, signal),
          () => this.#state.edge(),
        ),
      );
      this.player.duration = duration;
      if (this.#wanted !== null) this.player.seek(this.#wanted);
    }
    if (this.player?.live) this.player.duration = Math.max(this.player.duration, duration);
    if (this.player) this.#wanted = null;
    this.#resolve();
  }

  #use(player) {
    this.player = player;
    player.pauses = this.#state.lanes?.pauses ?? [];
    if (this.track) player.solo(this.track);
    player.addEventListener("change", () => this.#tell());
    player.addEventListener("tick", () => this.#tick());
  }

  /** Asks for peaks as fine as the timeline can show. */
  #resolve() {
    const { view, width } = this.timeline;
    this.#state.resolve(view.length, (width || 800) * (window.devicePixelRatio || 1));
  }

  #tick() {
    const [time, playing] = [this.time, this.player?.playing ?? false];
    this.timeline.position(time, playing);
    this.transcript.mark(time, playing);
    const text = clock(time, 1);
    if (this.position.textContent !== text) this.position.textContent = text;
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
    this.#tick();
  }
}
