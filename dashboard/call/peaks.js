// Peaks as the service computes them: the `.dat` format of audiowaveform, version 2.

/** Where the data of version 2 begin. */
const HEADER = 24;
/** The most peaks of one track that are fetched: 2.4 MB for two tracks of 8 bits. */
const MOST = 600_000;
/** Resolutions that the service keeps, in peaks a second. Each is fetched when the view needs it. */
const LEVELS = [1, 2, 5, 10, 20, 50, 100];

/**
 * The peaks of a call. `data` holds for each pixel, for each channel, the least and the greatest sample.
 * @param {ArrayBuffer} buffer a whole `.dat` file
 */
export function readPeaks(buffer) {
  if (buffer.byteLength < HEADER) return null;
  const view = new DataView(buffer);
  if (view.getInt32(0, true) !== 2) return null;
  const wide = (view.getUint32(4, true) & 1) === 0;
  const [rate, step] = [view.getInt32(8, true), view.getInt32(12, true)];
  const channels = view.getInt32(20, true);
  const data = wide ? new Int16Array(buffer.slice(HEADER)) : new Int8Array(buffer, HEADER);
  const length = Math.min(view.getUint32(16, true), Math.floor(data.length / (2 * channels)));
  return { channels, length, perSecond: rate / step, full: wide ? 32768 : 128, loudest: loudest(data), data };
}

function loudest(data) {
  let most = 1;
  for (const sample of data) most = Math.max(most, Math.abs(sample));
  return most;
}

/** The coarsest resolution that shows `seconds` on `pixels` without a loss, within the limit for the whole call. */
export function levelFor(seconds, pixels, duration) {
  const wanted = LEVELS.find((level) => level * seconds >= pixels) ?? LEVELS.at(-1);
  const affordable = LEVELS.filter((level) => level * duration <= MOST).at(-1) ?? LEVELS[0];
  return Math.min(wanted, affordable);
}

/** The least and the greatest sample of a channel from `start` to `end` (seconds), as shares of full scale; or null. */
export function extent(peaks, channel, start, end) {
  const first = Math.max(0, Math.floor(start * peaks.perSecond));
  const last = Math.min(peaks.length, Math.max(first + 1, Math.ceil(end * peaks.perSecond)));
  if (first >= last) return null;
  let [low, high] = [peaks.full, -peaks.full];
  const step = 2 * peaks.channels;
  for (let at = first * step + 2 * channel; at < last * step; at += step) {
    if (peaks.data[at] < low) low = peaks.data[at];
    if (peaks.data[at + 1] > high) high = peaks.data[at + 1];
  }
  return [low / peaks.full, high / peaks.full];
}
