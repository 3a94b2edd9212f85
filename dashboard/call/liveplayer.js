// Listens to a running call: a WAV that goes on until the call ends, read as it comes and scheduled with Web Audio.
// An audio element cannot send a key, and buffers seconds before it plays.

import { Graph } from "./graph.js";
import { WavReader } from "./wav.js";

/** How long audio waits before it is played, so that a late packet is not heard, in seconds. */
const CUSHION = 0.3;
/** How far ahead audio is scheduled. What comes after waits in the connection. */
const AHEAD = 2;

/** A player of a running call, with the members of `FilePlayer`. Its speed is always 1. */
export class LivePlayer extends EventTarget {
  live = true;
  failure = null;
  skips = false;
  pauses = [];
  rate = 1;
  duration = 0;
  playing = false;

  /**
   * @param open `open(from, signal)` resolves to the body of `getCallAudio?follow=true`
   * @param edge resolves to the end of what is stored, in seconds
   */
  constructor(open, edge) {
    super();
    this.#open = open;
    this.#edge = edge;
  }

  #open;
  #edge;
  #graph = null;
  #stopped = null;
  #track = null;
  #position = null;
  #frame = 0;
  /** Where in the call (`at`) the audio is that the context plays at `when`, and until where there is audio. */
  #anchor = null;

  /** The position that is heard; before anything was, the end of what is stored. */
  get time() {
    if (!this.playing || !this.#anchor) return this.#position ?? this.duration;
    const { at, when, until } = this.#anchor;
    return Math.min(until, at + Math.max(0, this.#graph.context.currentTime - when));
  }

  /** Whether it plays what is said just now. */
  get atEdge() {
    return this.playing && this.duration - this.time < 5;
  }

  /** Goes on where it was, at first with what is said now. */
  async play() {
    await this.#start(this.#position);
  }

  /** Plays what is said now. */
  async playEdge() {
    await this.#start(null);
  }

  pause() {
    if (!this.playing) return;
    this.#position = this.time;
    this.#end();
  }

  seek(seconds) {
    const time = Math.min(Math.max(0, seconds), this.duration);
    const again = this.playing;
    this.#end();
    this.#position = time;
    if (again) this.play();
    else this.#tell();
  }

  solo(track) {
    this.#track = track;
    this.#graph?.solo(track);
  }

  stop() {
    this.#end();
  }

  async #start(from) {
    this.#end();
    this.failure = null;
    this.playing = true;
    const graph = new Graph();
    graph.solo(this.#track);
    const stopped = new AbortController();
    [this.#graph, this.#stopped, this.#anchor] = [graph, stopped, null];
    this.#position = from;
    this.#tell();
    this.#run();
    try {
      await graph.context.resume();
      const begin = from ?? (await this.#edge());
      const body = await this.#open(begin, stopped.signal);
      await this.#play(body, graph, begin, stopped.signal);
    } catch (error) {
      if (stopped.signal.aborted) return;
      this.failure = error.message;
    }
    if (stopped.signal.aborted) return;
    this.#position = this.time;
    this.#end();
  }

  /** Schedules the audio block by block, and returns when the last was heard. */
  async #play(body, graph, begin, signal) {
    const reader = body.getReader();
    signal.addEventListener("abort", () => reader.cancel().catch(() => {}));
    const wav = new WavReader();
    const { context } = graph;
    let [next, at] = [0, begin];
    for (;;) {
      const { done, value } = await reader.read();
      if (done || signal.aborted) break;
      for (const block of wav.push(value)) {
        const buffer = context.createBuffer(block.channels, block.frames, block.rate);
        block.samples.forEach((samples, channel) => buffer.copyToChannel(samples, channel));
        const source = context.createBufferSource();
        source.buffer = buffer;
        source.connect(graph.input);
        if (next < context.currentTime) {
          next = context.currentTime + CUSHION;
          this.#anchor = { at, when: next, until: at };
        }
        source.start(next);
        next += buffer.duration;
        at += buffer.duration;
        this.#anchor.until = at;
        this.duration = Math.max(this.duration, at);
      }
      await wait(next - AHEAD - context.currentTime, signal);
    }
    await wait(next - context.currentTime, signal);
  }

  #run() {
    this.#frame = requestAnimationFrame(() => {
      this.dispatchEvent(new Event("tick"));
      if (this.playing) this.#run();
    });
  }

  #end() {
    cancelAnimationFrame(this.#frame);
    this.playing = false;
    this.#stopped?.abort();
    this.#graph?.stop();
    [this.#graph, this.#stopped, this.#anchor] = [null, null, null];
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}

/** Waits for so many seconds, or until it is stopped. */
function wait(seconds, signal) {
  if (seconds <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((done) => {
    const timer = setTimeout(done, seconds * 1000);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        done();
      },
      { once: true },
    );
  });
}
