// The part of a call that the timeline shows, from `start` to `end` in seconds.

/** The shortest part that can be shown, in seconds. */
const SHORTEST = 1;

/** Zooms and pans. Dispatches `change` whenever it shows something else. */
export class View extends EventTarget {
  start = 0;
  end = 1;
  #duration = 1;

  get duration() {
    return this.#duration;
  }
  get length() {
    return this.end - this.start;
  }
  get whole() {
    return this.length >= this.#duration - 1e-6;
  }

  /** The call is this long. A view of the whole call stays one when the call grows. */
  set duration(seconds) {
    const [whole, duration] = [this.whole, Math.max(seconds, 0.1)];
    if (duration === this.#duration) return;
    this.#duration = duration;
    if (whole) this.#show(0, duration);
    else this.#show(this.start, this.end);
  }

  /** Shows `factor` times as much; `at` stays where it is. */
  zoom(factor, at = (this.start + this.end) / 2) {
    const length = Math.min(this.#duration, Math.max(SHORTEST, this.length * factor));
    const start = at - (at - this.start) * (length / this.length);
    this.#show(start, start + length);
  }

  fit() {
    this.#show(0, this.#duration);
  }

  /** Moves by `seconds`, or as far as the call goes. */
  pan(seconds) {
    this.#show(this.start + seconds, this.end + seconds);
  }

  /** Puts `time` at a tenth of the view if it is outside. */
  reveal(time) {
    if (time >= this.start && time <= this.end) return;
    const start = time - this.length / 10;
    this.#show(start, start + this.length);
  }

  centre(time) {
    const start = time - this.length / 2;
    this.#show(start, start + this.length);
  }

  /** The share of the view at which `time` lies: 0 is its left edge, 1 its right. */
  share(time) {
    return (time - this.start) / this.length;
  }
  time(share) {
    return this.start + share * this.length;
  }

  #show(start, end) {
    const length = Math.min(end - start, this.#duration);
    const from = Math.min(Math.max(0, start), this.#duration - length);
    if (from === this.start && from + length === this.end) return;
    [this.start, this.end] = [from, from + length];
    this.dispatchEvent(new Event("change"));
  }
}
