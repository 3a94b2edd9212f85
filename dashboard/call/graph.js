// What both players share: audio runs through a graph that can solo a channel, into both ears.

/** The channels that can be heard alone, and their places in a recording: the caller left, the agent right. */
const PLACES = { inbound: 0, outbound: 1 };

/** A Web Audio graph from any source to the speakers. Made after a user's action, as browsers demand. */
export class Graph {
  constructor() {
    this.context = new AudioContext();
    this.input = this.context.createGain();
    this.#splitter = this.context.createChannelSplitter(2);
    this.solo(null);
  }

  #splitter;

  /** `inbound`, `outbound`, or null for both. The position does not change. */
  solo(track) {
    this.input.disconnect();
    this.#splitter.disconnect();
    if (track === null) {
      this.input.connect(this.context.destination);
      return;
    }
    this.input.connect(this.#splitter);
    // A mono output of the splitter is played in both ears.
    this.#splitter.connect(this.context.destination, PLACES[track]);
  }

  stop() {
    this.context.close();
  }
}
