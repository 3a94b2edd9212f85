// The timeline: the waveform, which is the slider for the position, with the lanes and the ruler below it.

import { clock, spoken } from "../format.js";
import { exact } from "./clock.js";
import { hatch, ruler, selected, wave, zero } from "./draw.js";
import { gapAt, gapFigure } from "./lanes.js";
import { Strip } from "./strip.js";
import { View } from "./view.js";

/** How far a pointer moves before it selects a part instead of seeking, in CSS pixels. */
const DRAG = 6;
const TRACKS = { inbound: "Caller", outbound: "Agent" };
const PARTIES = { inbound: "caller", outbound: "agent" };

/**
 * Shows `peaks`, `gaps`, `lanes` and a position. Dispatches `seek` and `select` as CustomEvents, and `resolution` when
 * it could show finer peaks.
 */
export class Timeline extends EventTarget {
  view = new View();
  peaks = null;
  /** @type {[number, number] | null} */
  selection = null;
  time = 0;
  follow = true;

  constructor() {
    super();
    this.element = document.createElement("div");
    this.element.className = "timeline";
    this.#wave = new Strip("wave", (...given) => this.#drawWave(...given));
    this.#veil = document.createElement("i");
    this.#veil.className = "veil";
    this.#wave.element.append(this.#veil);
    this.#ruler = new Strip("ruler", (context, size, colours) => ruler(context, size, colours, this.view));
    this.#readout = document.createElement("p");
    this.#readout.className = "readout";
    this.#slider();
    this.view.addEventListener("change", () => {
      this.redraw();
      this.dispatchEvent(new Event("resolution"));
    });
    this.element.append(this.#waves, this.slider, label("ruler", []), this.#ruler.element, this.#readout);
    this.tracks = ["inbound", "outbound"];
  }

  #wave;
  #veil;
  #ruler;
  #readout;
  #waves = label("waves", []);
  #strips = [];
  #rows = [];
  #tracks = [];
  #gaps = [];

  get width() {
    return this.#wave.width;
  }
  get slider() {
    return this.#wave.element;
  }

  /** The tracks that the waveform has, from above. */
  set tracks(tracks) {
    if (this.#tracks.join() === tracks.join()) return;
    this.#tracks = tracks;
    this.#label();
    this.#wave.redraw();
  }

  set gaps(gaps) {
    this.#gaps = gaps;
    this.#label();
    this.#wave.redraw();
  }

  /** Rows of a label and a strip, between the waveform and the ruler. */
  set lanes(lanes) {
    for (const row of this.#rows) row.remove();
    for (const strip of this.#strips) strip.stop();
    this.#rows = [];
    this.#strips = lanes.map((lane) => {
      const strip = new Strip(lane.name, (context, size, colours) => lane.draw(context, size, colours, this.view));
      this.#point(strip.element, false);
      this.#hover(strip.element, lane.at);
      const lines = lane.parts?.map(([party, text]) => [TRACKS[party], text, PARTIES[party]]) ?? [
        [lane.label, lane.figure],
      ];
      this.#rows.push(label(lane.name, lines), strip.element);
      return strip;
    });
    this.#ruler.element.previousSibling.before(...this.#rows);
    this.position(this.time);
  }

  set duration(seconds) {
    this.view.duration = seconds;
    this.slider.setAttribute("aria-valuemax", String(Math.round(seconds)));
    this.position(this.time);
  }

  /** Moves the line to `time`, and the view with it while it plays. */
  position(time, playing = false) {
    this.time = time;
    if (playing && this.follow) this.view.reveal(time);
    const share = this.view.share(time);
    for (const strip of [this.#wave, this.#ruler, ...this.#strips]) strip.mark(share);
    const played = Math.min(1, Math.max(0, share));
    this.#veil.style.transform = `translateX(${played * this.width}px)`;
    const whole = Math.floor(time);
    if (this.slider.getAttribute("aria-valuenow") !== String(whole) || !playing) {
      this.slider.setAttribute("aria-valuenow", String(whole));
      this.slider.setAttribute("aria-valuetext", `${spoken(time)} of ${spoken(this.view.duration)}`);
    }
  }

  redraw() {
    for (const strip of [this.#wave, this.#ruler, ...this.#strips]) strip.redraw();
    this.position(this.time);
  }

  stop() {
    for (const strip of [this.#wave, this.#ruler, ...this.#strips]) strip.stop();
  }

  #slider() {
    const attributes = {
      role: "slider",
      tabindex: "0",
      id: "position",
      "aria-label": "Position in the call",
      "aria-valuemin": "0",
      "aria-valuemax": "0",
      "aria-valuenow": "0",
      "aria-valuetext": "",
    };
    for (const [name, value] of Object.entries(attributes)) this.slider.setAttribute(name, value);
    this.slider.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.#point(this.slider, true);
    this.#hover(this.slider, (time) => gapAt(this.#gaps, time));
  }

  /** The waveform's row stays where it is: moving it would take the focus from it. */
  #label() {
    const lines = this.#tracks.map((track) => [
      TRACKS[track],
      gapFigure(this.#gaps.filter((gap) => gap.track === track)),
      PARTIES[track],
    ]);
    this.#waves.replaceChildren(...label("waves", lines).childNodes);
    this.slider.classList.toggle("single", this.#tracks.length === 1);
  }

  #drawWave(context, size, colours) {
    const height = size.height / this.#tracks.length;
    this.#tracks.forEach((track, place) => {
      const [top, colour] = [place * height, colours[track === "inbound" ? "caller" : "agent"]];
      zero(context, size, colours.rule, top, height);
      hatch(
        context,
        size,
        colours.gap,
        this.view,
        this.#gaps.filter((gap) => gap.track === track),
        top,
        height,
      );
      if (this.peaks && place < this.peaks.channels)
        wave(context, size, colour, this.view, this.peaks, place, top, height);
    });
    if (this.selection) selected(context, size, colours.select, this.view, this.selection);
  }

  #timeOf(event, element) {
    const box = element.getBoundingClientRect();
    const time = this.view.time((event.clientX - box.left) / box.width);
    return Math.min(Math.max(0, time), this.view.duration);
  }

  /** A click seeks; on the waveform, a drag with Shift selects, and one without moves the position. */
  #point(element, selects) {
    let from = null;
    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      from = { x: event.clientX, time: this.#timeOf(event, element), selects: event.shiftKey && selects };
      element.setPointerCapture(event.pointerId);
      if (!from.selects) this.#told("seek", from.time);
    });
    element.addEventListener("pointermove", (event) => {
      if (!from || Math.abs(event.clientX - from.x) < DRAG) return;
      const time = this.#timeOf(event, element);
      if (from.selects) this.#told("select", [Math.min(from.time, time), Math.max(from.time, time)]);
      else this.#told("seek", time);
    });
    const end = () => {
      from = null;
    };
    element.addEventListener("pointerup", end);
    element.addEventListener("pointercancel", end);
  }

  /** Below the lanes: the time under the pointer, and what is there. */
  #hover(element, about) {
    element.addEventListener("pointermove", (event) => {
      const time = this.#timeOf(event, element);
      const slack = (5 / Math.max(1, this.width)) * this.view.length;
      const what = about(time, slack);
      this.#readout.textContent = what ? `${exact(time)} · ${what}` : exact(time);
    });
    element.addEventListener("pointerleave", () => {
      this.#readout.textContent = "";
    });
  }

  /** Control and the wheel zoom at the pointer; the wheel sideways moves. */
  #wheel(event) {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.view.zoom(Math.exp(event.deltaY / 200), this.#timeOf(event, this.slider));
    } else if (event.deltaX && !this.view.whole) {
      event.preventDefault();
      this.view.pan((event.deltaX / this.width) * this.view.length);
    }
  }

  #told(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** The label of a row: lines of a name and a figure. */
function label(name, lines) {
  const element = document.createElement("div");
  element.className = `label ${name}`;
  for (const [text, figure, party] of lines) {
    const line = document.createElement("span");
    const named = document.createElement("b");
    named.textContent = text;
    line.append(named);
    if (party) line.dataset.party = party;
    if (figure) {
      const value = document.createElement("span");
      value.className = "figure";
      value.textContent = figure;
      line.append(" ", value);
    }
    element.append(line);
  }
  return element;
}

/** What the timeline shows now, for its heading: `0:10 to 0:30 of 5:00`. */
export const shown = (view) => `${clock(view.start)} to ${clock(view.end)} of ${clock(view.duration)}`;
