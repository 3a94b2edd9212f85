// The transcript in step with the audio: a click on a word goes to it, and what is being said is marked. Built by hand
// instead of by templates, because a call of some hours has tens of thousands of words.

import { clock, percent } from "../format.js";
import { pieces, Spoken } from "./words.js";

const KINDS = { tool_call: "Tool call", tool_result: "Tool result", note: "Note" };
/** Words that the recognizer was less sure of than this are underlined. */
const UNSURE = 0.5;
/** For how long the list stays where the user has scrolled it, in milliseconds. */
const REST_MS = 5_000;

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** Whose words an entry has: `caller`, `agent`, or nothing. */
export function party({ track, speaker }) {
  if (track) return track === "inbound" ? "caller" : "agent";
  return (
    { caller: "caller", user: "caller", agent: "agent", assistant: "agent", bot: "agent" }[speaker.toLowerCase()] ?? ""
  );
}

/** The list. Dispatches `seek` with the seconds in `detail`. */
export class Transcript extends EventTarget {
  follow = true;

  constructor() {
    super();
    this.element = element("ol", { className: "transcript", tabIndex: 0 });
    this.element.setAttribute("aria-label", "Transcript");
    this.element.addEventListener("click", (event) => this.#click(event));
    this.element.addEventListener("keydown", (event) => this.#key(event));
    for (const type of ["wheel", "touchmove"]) {
      this.element.addEventListener(type, () => (this.#rested = Date.now()), { passive: true });
    }
  }

  #entries = new Map();
  #spoken = new Spoken([]);
  #now = [];
  #rested = 0;

  get spoken() {
    return this.#spoken;
  }

  /** Shows these; entries that have not changed keep their elements. */
  show(transcripts) {
    const atEnd = this.element.scrollTop + this.element.clientHeight >= this.element.scrollHeight - 40;
    const entries = new Map();
    for (const transcript of transcripts) {
      const known = this.#entries.get(transcript.id);
      const same = known && ["updatedAt", "text", "final"].every((name) => known.transcript[name] === transcript[name]);
      entries.set(transcript.id, same ? known : entry(transcript));
    }
    const wanted = [...entries.values()].map(({ item }) => item);
    const shown = this.element.children;
    // Most often entries are added at the end.
    const kept = wanted.findIndex((item, index) => shown[index] !== item);
    if (kept >= 0 || shown.length !== wanted.length) {
      const from = kept < 0 ? wanted.length : kept;
      while (shown.length > from) this.element.lastChild.remove();
      this.element.append(...wanted.slice(from));
    }
    this.#entries = entries;
    this.#spoken = new Spoken(transcripts.filter(({ kind }) => kind === "speech"));
    this.#now = [];
    if (!this.element.querySelector("button[tabindex='0']")) this.#rove(this.element.querySelector("button.place"));
    return atEnd;
  }

  scrollToEnd() {
    if (this.follow && Date.now() - this.#rested > REST_MS) this.element.scrollTop = this.element.scrollHeight;
  }

  /** Marks what is said at `time`, and while it plays keeps it in sight. */
  mark(time, playing) {
    const said = this.#spoken.at(time);
    if (said.length === this.#now.length && said.every((each, index) => each === this.#now[index])) return;
    const [before, after] = [this.#elements(this.#now), this.#elements(said)];
    for (const one of before) {
      if (!after.has(one)) one.classList.remove("now");
    }
    for (const one of after) one.classList.add("now");
    this.#now = said;
    if (said.length && playing && this.follow && Date.now() - this.#rested > REST_MS) this.#reveal(said[0].id);
  }

  /** Shows the entry that is said at `time`, or the next one. */
  revealAt(time) {
    const item = this.#spoken.at(time)[0] ?? this.#spoken.next(time) ?? this.#spoken.previous(time);
    if (item) this.#reveal(item.id);
  }

  #elements(said) {
    const found = new Set();
    for (const { id, word } of said) {
      const entry = this.#entries.get(id);
      if (!entry) continue;
      found.add(entry.item);
      if (word !== null && entry.words[word]) found.add(entry.words[word]);
    }
    return found;
  }

  /** Scrolls the list alone, never the page. */
  #reveal(id) {
    const item = this.#entries.get(id)?.item;
    if (!item) return;
    const [list, box] = [this.element.getBoundingClientRect(), item.getBoundingClientRect()];
    if (box.top >= list.top && box.bottom <= list.bottom - list.height / 5) return;
    this.element.scrollTop += box.top - list.top - list.height / 4;
  }

  #click(event) {
    const item = event.target.closest("li");
    if (!item || event.target.closest("details") || getSelection()?.isCollapsed === false) return;
    const { transcript } = this.#entries.get(item.dataset.id);
    const word = event.target.closest("[data-word]");
    const time = word ? transcript.words[word.dataset.word].startTime : transcript.startTime;
    const button = item.querySelector("button.place");
    if (button) this.#rove(button);
    if (time !== null) this.dispatchEvent(new CustomEvent("seek", { detail: time }));
  }

  /** One entry is in the order of the Tab key; up and down go to the others. */
  #rove(button) {
    if (!button) return;
    for (const other of this.element.querySelectorAll("button[tabindex='0']")) other.tabIndex = -1;
    button.tabIndex = 0;
  }

  #key(event) {
    const buttons = [...this.element.querySelectorAll("button.place")];
    const at = buttons.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined || at < 0 || !buttons[to]) return;
    event.preventDefault();
    event.stopPropagation();
    this.#rove(buttons[to]);
    buttons[to].focus();
  }
}

/** An entry's element, and those of its words. */
function entry(transcript) {
  const { id, kind, speaker, text, startTime, words, data, final, confidence } = transcript;
  const item = element("li", { className: final ? "" : "interim" });
  item.dataset.id = id;
  item.dataset.kind = kind;
  item.dataset.party = party(transcript);
  const head = element("div", { className: "by" });
  if (startTime !== null) {
    const place = element("button", {
      type: "button",
      className: "place",
      tabIndex: -1,
      textContent: clock(startTime, 1),
    });
    place.setAttribute("aria-label", `${place.textContent}, go to ${speaker}`);
    head.append(place);
  }
  head.append(element("span", { className: "who text", textContent: speaker }));
  if (KINDS[kind]) head.append(element("span", { className: "tag", textContent: KINDS[kind] }));
  if (!final) head.append(element("span", { className: "tag", textContent: "Interim" }));
  if (confidence !== null && confidence < UNSURE) {
    head.append(element("span", { className: "tag", textContent: `Confidence ${percent(confidence)}` }));
  }
  const line = element("p", { className: "text" });
  const spans = [];
  for (const piece of pieces(text, words)) {
    if (piece.word === null) {
      line.append(piece.text);
      continue;
    }
    const span = element("span", { className: "word", textContent: piece.text });
    span.dataset.word = piece.word;
    const sure = words[piece.word].confidence;
    if (sure !== null && sure < UNSURE) {
      span.classList.add("unsure");
      span.title = `Confidence ${percent(sure)}`;
    }
    spans[piece.word] = span;
    line.append(span);
  }
  item.append(head, line);
  if (data) {
    const json = element("pre", { textContent: JSON.stringify(data, null, 2), tabIndex: 0 });
    item.append(element("details", {}, element("summary", { textContent: "Data" }), json));
  }
  return { transcript, item, words: spans };
}
