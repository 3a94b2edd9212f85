// Plays a finished recording. The browser fetches what it plays by ranges, so the first sound needs no download.

import { Graph } from "./graph.js";
import { spanAt } from "./spans.js";

/** How much of a pause is left before and after it when pauses are skipped, in seconds. */
const BEFORE = 0.3;
const AFTER = 0.15;
/** Pauses up to this length are never skipped. */
const SHORT = 1;

/**
 * A player of an audio file. Dispatches `change` when it plays, pauses, seeks or fails, and `tick` while the position
 * moves. `LivePlayer` has the same members.
 */
export class FilePlayer extends EventTarget {
  live = false;
  failure = null;
  skips = false;
  /** @type {[number, number][]} what `skips` leaves out */
  pauses = [];

  /**
   * @param source resolves to a URL that needs no key; another one once the first is about to expire. `source(true)`
   *   leads to no other host, which the page's policy would not allow: the service may redirect to its object store
   */
  constructor(source, duration) {
    super();
    this.duration = duration;
    this.#source = source;
    this.audio = new Audio();
    this.audio.preload = "metadata";
    const changed = () => this.#changed();
    for (const type of ["play", "pause", "seeked", "ended", "ratechange", "waiting", "playing"]) {
      this.audio.addEventListener(type, changed);
    }
    this.audio.addEventListener("timeupdate", () => this.#tick());
    this.audio.addEventListener("error", () => this.#failed());
    this.#load(0);
  }

  #source;
  #url = null;
  #isHere = false;
  #graph = null;
  #frame = 0;
  #loading = null;

  get time() {
    return this.#wanted ?? this.audio.currentTime;
  }
  get playing() {
    return !this.audio.paused && !this.audio.ended;
  }
  get rate() {
    return this.audio.playbackRate;
  }
  set rate(rate) {
    this.audio.playbackRate = this.audio.defaultPlaybackRate = rate;
  }

  /** The position that was asked for while the file is being opened. */
  #wanted = null;

  async play() {
    this.failure = null;
    await this.#loading;
    await this.#renew();
    if (this.audio.ended) this.audio.currentTime = 0;
    await this.#graph?.context.resume();
    // A pause that comes before the audio does is no error.
    await this.audio.play().catch((error) => {
      if (error.name !== "AbortError") this.#fail(error.message);
    });
  }

  pause() {
    this.audio.pause();
  }

  seek(seconds) {
    const time = Math.min(Math.max(0, seconds), this.duration);
    if (this.audio.readyState > 0) this.audio.currentTime = time;
    else this.#wanted = time;
    this.#tick();
    this.#changed();
  }

  /** Hears one track, or with null both. */
  solo(track) {
    if (!this.#graph) {
      if (track === null) return;
      this.#graph = new Graph();
      this.#graph.context.createMediaElementSource(this.audio).connect(this.#graph.input);
    }
    this.#graph.context.resume();
    this.#graph.solo(track);
  }

  stop() {
    cancelAnimationFrame(this.#frame);
    this.audio.pause();
    this.audio.removeAttribute("src");
    this.audio.load();
    this.#graph?.stop();
  }

  /** Opens the file, and goes to `time` once its length is known. */
  #load(time) {
    this.#loading = this.#open(time).catch((error) => this.#fail(error.message));
  }

  async #open(time) {
    const [url, rate] = [await this.#source(this.#isHere), this.rate];
    this.#url = url;
    this.#wanted ??= time;
    this.audio.addEventListener(
      "loadedmetadata",
      () => {
        if (this.#wanted !== null) this.audio.currentTime = this.#wanted;
        this.#wanted = null;
        this.rate = rate;
        this.#tick();
      },
      { once: true },
    );
    this.audio.src = url;
  }

  /** Opens the file anew if its link is about to expire; whether it did. */
  async #renew() {
    const url = await this.#source(this.#isHere);
    if (url === this.#url) return false;
    await this.#open(this.time);
    return true;
  }

  /** A link may have expired while it played or while the page slept, or lead elsewhere. */
  async #failed() {
    const { error } = this.audio;
    if (!error || !this.audio.getAttribute("src")) return;
    const playing = !this.audio.paused;
    try {
      let opened = await this.#renew();
      if (!opened && !this.#isHere) {
        this.#isHere = true;
        opened = await this.#renew();
      }
      if (!opened) this.#fail(error.message);
      else if (playing) await this.play();
    } catch (problem) {
      this.#fail(problem.message);
    }
  }

  #fail(message) {
    this.failure = message || "The browser cannot open the file.";
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
    if (this.playing && !this.#frame) this.#run();
  }

  #run() {
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#tick();
      if (this.playing) this.#run();
    });
  }

  #tick() {
    if (this.skips && this.playing) this.#skip();
    this.dispatchEvent(new Event("tick"));
  }

  #skip() {
    const time = this.audio.currentTime;
    const pause = spanAt(this.pauses, time);
    if (!pause || pause[1] - pause[0] <= SHORT) return;
    const [from, to] = [pause[0] === 0 ? 0 : pause[0] + BEFORE, pause[1] - AFTER];
    if (time >= from && time < to - 0.05) this.audio.currentTime = to;
  }
}
