// Words of an utterance as places in its text, and the flat list in which the word being said is found.

import { lastBefore } from "./spans.js";

/**
 * Splits a text into pieces: {text, word}, where `word` is an index into `words` or null. Words are looked for in the
 * text one after the other; if one is not found, the words themselves are the text.
 */
export function pieces(text, words) {
  if (!words?.length) return [{ text, word: null }];
  const found = [];
  const folded = text.toLowerCase();
  let from = 0;
  for (const [index, word] of words.entries()) {
    const wanted = word.text.trim().toLowerCase();
    const at = wanted && folded.length === text.length ? folded.indexOf(wanted, from) : -1;
    // Far away it is another occurrence, and all between would be skipped.
    if (at < 0 || at - from > 12) return joined(words);
    if (at > from) found.push({ text: text.slice(from, at), word: null });
    from = at + wanted.length;
    found.push({ text: text.slice(at, from), word: index });
  }
  if (from < text.length) {
    // Punctuation belongs to the word before it.
    found.push({ text: text.slice(from), word: null });
  }
  return found;
}

function joined(words) {
  return words.flatMap((word, index) => [
    ...(index ? [{ text: " ", word: null }] : []),
    { text: word.text, word: index },
  ]);
}

/** Marks a time in a transcript that is being played. */
export class Spoken {
  #items = [];

  /** Remembers where each word, or each utterance without words, begins and ends. */
  constructor(transcripts) {
    for (const { id, startTime, endTime, words } of transcripts) {
      if (words?.length) {
        words.forEach((word, index) => this.#items.push({ id, word: index, start: word.startTime, end: word.endTime }));
      } else if (startTime !== null) {
        this.#items.push({ id, word: null, start: startTime, end: endTime ?? startTime + 2 });
      }
    }
    this.#items.sort((one, other) => one.start - other.start);
    let until = 0;
    for (const item of this.#items) item.until = until = Math.max(until, item.end);
  }

  get first() {
    return this.#items[0];
  }

  /** All that is being said at `time`: nothing in a pause, two words if both speak. */
  at(time) {
    const said = [];
    for (let index = this.#before(time); index >= 0 && this.#items[index].until > time; index -= 1) {
      const item = this.#items[index];
      if (item.start <= time && time < Math.max(item.end, item.start + 0.05)) said.push(item);
    }
    return said;
  }

  /** The word after or before the one at `time`. */
  next(time) {
    return this.#items[this.#before(time + 0.001) + 1];
  }
  previous(time) {
    return this.#items[this.#before(time - 0.3)];
  }

  #before(time) {
    return lastBefore(this.#items, time, (item) => item.start);
  }
}
