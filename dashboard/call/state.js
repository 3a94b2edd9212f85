// What is known of the open call, and what an event of the store makes out of date.

import { follow } from "../live.js";
import { lanesOf } from "./spans.js";
import { levelFor, readPeaks } from "./peaks.js";
import { Source } from "./source.js";

/** How often a running call is asked for new audio, in milliseconds: chunks cause no events. */
const GROWTH_MS = 1_500;
/** Of what a running call already has, so many transcripts are read again, since the last may still change. */
const OVERLAP = 20;

const EVERYTHING = ["call", "peaks", "computed", "transcripts", "events", "history"];

/**
 * A call and all that belongs to it. Dispatches `change` with the names of what changed as a Set in `detail`: `call`,
 * `transcripts`, `events`, `history`, `computed`, `peaks`, `gone`, `connection`.
 */
export class CallState extends EventTarget {
  call = null;
  transcripts = [];
  transcriptsComplete = false;
  events = [];
  /** Events of the store, oldest first. */
  history = [];
  computed = null;
  lanes = null;
  peaks = null;
  gone = false;
  connection = "connecting";

  constructor(id) {
    super();
    this.source = new Source(id, this.#ended.signal);
    this.#id = id;
  }

  #id;
  #ended = new AbortController();
  #unfollow = () => {};
  #timer = 0;
  #level = 0;
  #wanted = { seconds: Infinity, pixels: 1_600 };
  #queue = Promise.resolve();
  /** The call, while it is being read. */
  #reading = null;
  #failures = new Map();

  /** Why a part could not be read, if one could not; the call itself first. */
  get failure() {
    return this.#failures.get("call") ?? this.#failures.values().next().value ?? null;
  }
  get recording() {
    return this.call?.recordings?.at(-1) ?? null;
  }
  get running() {
    return this.call?.status === "active";
  }
  get snapshots() {
    return this.call?.analytics ?? [];
  }

  /** The length in seconds: of the recording; of a running call, of what is stored. */
  get duration() {
    const stored = this.peaks ? this.peaks.length / this.peaks.perSecond : 0;
    return this.recording?.duration ?? Math.max(stored, this.call?.duration ?? 0);
  }

  /** Reads everything, and follows the call from then on. */
  open() {
    this.#unfollow();
    const read = this.reload();
    this.#unfollow = follow(
      { call: this.#id },
      {
        event: (event) => this.#happened(event),
        // What happened between the first answers and the stream's begin was not told.
        reset: () => read.then(() => (this.running ? this.reload() : this.#refresh(["call", "tail"]))),
        state: (name) => {
          this.connection = name;
          this.#tell("connection");
        },
      },
    );
  }

  /** Reads everything again. */
  reload() {
    return this.#refresh(EVERYTHING);
  }

  /** The end of what is stored of a running call, asked for now. */
  async edge() {
    await this.#refresh(["peaks"]);
    return this.duration;
  }

  close() {
    this.#ended.abort();
    this.#unfollow();
    clearTimeout(this.#timer);
  }

  /** The timeline shows so many seconds on so many pixels: finer peaks are read if there are any. */
  resolve(seconds, pixels) {
    this.#wanted = { seconds, pixels };
    if (this.peaks && !this.running && this.#levelWanted() > this.#level) this.#refresh(["peaks"]);
  }

  #levelWanted() {
    // How long a running call is, is known from its peaks; at first the clock has to do.
    const duration = this.duration || Math.max(1, (Date.now() - Date.parse(this.call.startTime)) / 1000);
    return levelFor(Math.min(this.#wanted.seconds, duration), this.#wanted.pixels, duration);
  }

  #happened(event) {
    const { id, type, data } = event;
    if (type === "call.deleted") return this.#vanish();
    if (!this.history.some((each) => each.id === id)) this.history = [...this.history, event];
    const parts = {
      "transcript.added": ["tail"],
      "transcript.updated": data?.deleted ? ["transcripts"] : ["tail"],
      "analytics.added": ["call", "computed"],
      "analytics.computed": ["computed"],
      "metadata.updated": ["call"],
      "recording.redacted": ["call", "peaks", "transcripts", "computed"],
      "call.completed": ["call", "computed", "events", "peaks"],
    };
    const updated = type === "transcript.updated" && !this.#inTail(data?.transcriptIds ?? []);
    return this.#refresh(updated ? ["transcripts"] : (parts[type] ?? ["call"]));
  }

  /** Whether all these transcripts are among those that are read again anyway. */
  #inTail(ids) {
    const tail = new Set(this.transcripts.slice(-OVERLAP).map(({ id }) => id));
    return ids.every((id) => tail.has(id));
  }

  #vanish() {
    this.close();
    Object.assign(this, {
      gone: true,
      call: null,
      transcripts: [],
      events: [],
      computed: null,
      lanes: null,
      peaks: null,
    });
    this.#tell("gone");
  }

  /** Reads parts one after the other, so that an older answer never follows a newer one. */
  #refresh(parts) {
    this.#queue = this.#queue.then(() => this.#load(parts));
    return this.#queue;
  }

  async #load(parts) {
    const readers = {
      call: () => this.#readCall(),
      computed: () => this.#readComputed(),
      events: async () => {
        this.events = await this.source.events();
      },
      history: async () => {
        this.history = await this.source.history();
      },
      peaks: () => this.#readPeaks(),
      transcripts: () => this.#readTranscripts(),
      tail: () => this.#readTail(),
    };
    await Promise.all(
      parts.map(async (part) => {
        try {
          await readers[part]();
          this.#failures.delete(part);
        } catch (error) {
          if (this.#ended.signal.aborted) return;
          if (error.code === "call_not_found" && this.call) return void this.#vanish();
          this.#failures.set(part, error);
        }
        if (!this.#ended.signal.aborted) this.#tell(part === "tail" ? "transcripts" : part);
      }),
    );
    this.#schedule();
  }

  async #readCall() {
    const reading = this.source.call();
    this.#reading = reading.catch(() => {});
    this.call = await reading;
  }

  async #readComputed() {
    const [computed, speech] = await Promise.all([this.source.computed(), this.source.speech()]);
    this.computed = computed;
    this.lanes = computed && speech && lanesOf(speech, computed);
  }

  async #readPeaks() {
    // The length of the call decides how fine they have to be.
    await this.#reading;
    if (!this.call) return;
    const level = this.#levelWanted();
    const buffer = await this.source.peaks(level);
    const peaks = buffer && readPeaks(buffer);
    if (!peaks) return;
    [this.peaks, this.#level] = [peaks, level];
  }

  /** The first page shows at once, the others follow. */
  async #readTranscripts() {
    const found = [];
    const before = this.transcripts.length;
    await this.source.transcripts(0, (items) => {
      found.push(...items);
      if (found.length <= before) return;
      this.transcripts = [...found];
      this.#tell("transcripts");
    });
    [this.transcripts, this.transcriptsComplete] = [found, true];
  }

  async #readTail() {
    if (!this.transcriptsComplete) return this.#readTranscripts();
    const offset = Math.max(0, this.transcripts.length - OVERLAP);
    const kept = this.transcripts.slice(0, offset);
    const found = [];
    await this.source.transcripts(offset, (items) => found.push(...items));
    // Fewer than there were, or moved across the place where this began: something before it has changed.
    const known = new Set(kept.map(({ id }) => id));
    const moved = found.some(({ id }) => known.has(id));
    if (moved || offset + found.length < this.transcripts.length) return this.#readTranscripts();
    this.transcripts = [...kept, ...found];
  }

  #schedule() {
    clearTimeout(this.#timer);
    if (!this.running || this.#ended.signal.aborted) return;
    this.#timer = setTimeout(() => {
      if (document.hidden) this.#schedule();
      else this.#refresh(["peaks", "events"]);
    }, GROWTH_MS);
  }

  #tell(part) {
    this.dispatchEvent(new CustomEvent("change", { detail: part }));
  }
}
