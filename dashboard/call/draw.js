// What the strips of the timeline draw. Each function gets a 2D context, its size in CSS pixels, the colours, the view
// and its data.

import { clock } from "../format.js";
import { extent } from "./peaks.js";
import { lastBefore } from "./spans.js";

const FONT = "11px system-ui, sans-serif";
/** Distances of the ruler's lines in seconds. */
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];

/** One channel of the waveform between `top` and `top + height`, louder than it is if the whole call is quiet. */
export function wave(context, size, colour, view, peaks, channel, top, height) {
  const gain = Math.min(8, 0.95 * (peaks.full / peaks.loudest));
  const middle = top + height / 2;
  context.fillStyle = colour;
  const ratio = context.getTransform().a || 1;
  const step = 1 / ratio;
  for (let x = 0; x < size.width; x += step) {
    const found = extent(peaks, channel, view.time(x / size.width), view.time((x + step) / size.width));
    if (!found) continue;
    const [low, high] = found.map((value) => Math.max(-1, Math.min(1, value * gain)) * (height / 2 - 1));
    context.fillRect(x, middle - high, step, Math.max(step, high - low));
  }
}

/** Shades spans over a height with diagonal lines: audio that is missing. */
export function hatch(context, size, colour, view, spans, top, height) {
  context.save();
  context.beginPath();
  for (const { start, end } of spans) {
    const [left, right] = [view.share(start) * size.width, view.share(end) * size.width];
    if (right >= 0 && left <= size.width) context.rect(left, top, Math.max(1, right - left), height);
  }
  context.clip();
  context.fillStyle = colour;
  context.globalAlpha = 0.18;
  context.fillRect(0, top, size.width, height);
  context.globalAlpha = 0.8;
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.beginPath();
  for (let x = -height; x < size.width; x += 6) {
    context.moveTo(x, top + height);
    context.lineTo(x + height, top);
  }
  context.stroke();
  context.restore();
}

/** Spans as bars. Only those in view are drawn, and each is at least a pixel wide. */
export function bars(context, size, colour, view, spans, top, height) {
  context.fillStyle = colour;
  let index = Math.max(0, lastBefore(spans, view.start));
  let until = -1;
  for (; index < spans.length && spans[index][0] <= view.end; index += 1) {
    const left = Math.max(view.share(spans[index][0]) * size.width, until);
    const right = Math.min(size.width, view.share(spans[index][1]) * size.width);
    if (right < 0 || right < until) continue;
    until = Math.max(left + 1, right);
    context.fillRect(left, top, until - left, height);
  }
}

/** Marks at `time`, each with a label if there is room for it. */
export function marks(context, size, colours, view, items, { time, label, colour, width }) {
  context.font = FONT;
  context.textBaseline = "middle";
  let free = -Infinity;
  for (const item of items) {
    const left = view.share(time(item)) * size.width;
    const across = Math.max(2, ((width?.(item) ?? 0) / view.length) * size.width);
    if (left + across < 0 || left > size.width) continue;
    context.fillStyle = colours[colour];
    context.fillRect(left, 3, across, size.height - 6);
    const text = label(item);
    const at = left + across + 3;
    if (at < free || !text) continue;
    const wide = context.measureText(text).width;
    context.fillStyle = colours.text;
    if (at + wide < size.width) context.fillText(text, at, size.height / 2 + 0.5);
    free = at + wide + 4;
  }
}

/** The ruler: a line and a time at every round step that leaves room for its text. */
export function ruler(context, size, colours, view) {
  const step = STEPS.find((seconds) => (seconds / view.length) * size.width >= 70) ?? STEPS.at(-1);
  context.font = FONT;
  context.textBaseline = "bottom";
  context.fillStyle = colours.text;
  context.strokeStyle = colours.rule;
  context.lineWidth = 1;
  context.beginPath();
  for (let count = Math.ceil(view.start / step); count * step <= view.end; count += 1) {
    const x = Math.round(view.share(count * step) * size.width) + 0.5;
    context.moveTo(x, 0);
    context.lineTo(x, size.height);
    const text = clock(count * step, step < 1 ? 1 : 0);
    if (x + 4 + context.measureText(text).width < size.width) context.fillText(text, x + 4, size.height - 1);
  }
  context.stroke();
}

/** A line through the middle of a channel, so that silence is seen as such. */
export function zero(context, size, colour, top, height) {
  context.fillStyle = colour;
  context.fillRect(0, Math.round(top + height / 2), size.width, 1);
}

/** A selected part. */
export function selected(context, size, colour, view, [start, end]) {
  const [left, right] = [view.share(start) * size.width, view.share(end) * size.width];
  context.fillStyle = colour;
  context.globalAlpha = 0.22;
  context.fillRect(left, 0, right - left, size.height);
  context.globalAlpha = 1;
  context.fillRect(left, 0, 1, size.height);
  context.fillRect(right - 1, 0, 1, size.height);
}
