// Reads a WAV of 16-bit samples that arrives in pieces and may never end.

/** Blocks are at least this long, so that few have to be scheduled. */
const BLOCK_SECONDS = 0.1;

/** Gives the audio of pushed bytes in blocks. */
export class WavReader {
  #bytes = new Uint8Array(0);
  #format = null;

  /** The blocks that are complete after these bytes: {channels, rate, frames, samples: Float32Array[]}. */
  push(piece) {
    const bytes = new Uint8Array(this.#bytes.length + piece.length);
    bytes.set(this.#bytes);
    bytes.set(piece, this.#bytes.length);
    this.#bytes = bytes;
    if (!this.#format && !this.#header()) return [];
    const { channels, rate } = this.#format;
    const width = 2 * channels;
    const frames = Math.floor(this.#bytes.length / width);
    if (frames < rate * BLOCK_SECONDS) return [];
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, frames * width);
    const samples = Array.from({ length: channels }, () => new Float32Array(frames));
    for (let frame = 0; frame < frames; frame += 1) {
      for (let channel = 0; channel < channels; channel += 1) {
        samples[channel][frame] = view.getInt16(frame * width + 2 * channel, true) / 32768;
      }
    }
    this.#bytes = this.#bytes.slice(frames * width);
    return [{ channels, rate, frames, samples }];
  }

  /** Reads chunks up to `data`; false while they are incomplete. */
  #header() {
    const bytes = this.#bytes;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const name = (at) => String.fromCharCode(...bytes.subarray(at, at + 4));
    let format = null;
    for (let at = 12; at + 8 <= bytes.length;) {
      if (name(at) === "data") {
        if (!format) throw new Error("The audio has no format.");
        this.#format = format;
        this.#bytes = bytes.slice(at + 8);
        return true;
      }
      const size = view.getUint32(at + 4, true);
      if (name(at) === "fmt ") {
        if (at + 24 > bytes.length) return false;
        format = { channels: view.getUint16(at + 10, true), rate: view.getUint32(at + 12, true) };
      }
      at += 8 + size + (size % 2);
    }
    return false;
  }
}
