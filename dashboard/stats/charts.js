// The pictures of the statistics, drawn as SVG. The tables under them say the same in numbers.

import { svg } from "../vendor/lit-html/lit-html.js";
import { clock, milliseconds, minutes, number } from "../format.js";
import { html, nothing, render } from "../ui.js";
import { axisName, intervalName } from "./intervals.js";

const HEIGHT = 190;
/** Room for the names of the axes, in pixels. */
const [LEFT, TOP, BOTTOM] = [64, 8, 22];
const LINES = 4;
/** How wide a bar may be, and its share of its place. The second one stands inside the first. */
const BAR_MAX = 44;
const SHARES = [0.7, 0.4];

/** The pictures: a title, what they draw as a name and a figure of an item, and how figures are written. */
const PICTURES = [
  {
    title: "Calls",
    write: (value) => number(value),
    series: [["All", ({ calls }) => calls], ["Failed", ({ failed }) => failed]],
    isBars: true,
    isWhole: true,
  },
  {
    title: "Minutes",
    write: (seconds) => minutes(seconds),
    series: [["All", ({ duration }) => duration.total], ["Speech", ({ talkTime }) => talkTime]],
    isBars: true,
    unit: 60,
  },
  {
    title: "Time until the agent answers",
    write: (value) => milliseconds(value),
    series: [["95th percentile", ({ responseLatency }) => responseLatency.p95], ["Median", ({ responseLatency }) => responseLatency.p50]],
  },
  {
    title: "Length of a call",
    write: (seconds) => clock(seconds),
    series: [["95th percentile", ({ duration }) => duration.p95], ["Median", ({ duration }) => duration.p50]],
    unit: 60,
  },
];

/** The pictures of a page: `places()` is their template, `draw(items, interval)` draws them, `close()` ends them. */
export function charts() {
  let shown = null;
  const resized = new ResizeObserver(() => shown && redraw());
  return { places, draw, close: () => resized.disconnect() };

  function draw(items, interval) {
    shown = { items, interval };
    resized.disconnect();
    document.querySelectorAll(".chart").forEach((place) => resized.observe(place));
    redraw();
  }

  function redraw() {
    // A place that is not laid out yet has no width. It is drawn once it has one.
    for (const [index, place] of document.querySelectorAll(".chart").entries()) {
      if (place.clientWidth > 2 * LEFT) render(picture(PICTURES[index], shown.items, shown.interval, place.clientWidth), place);
    }
  }
}

const places = () => PICTURES.map(({ title, series, isBars }) => html`
  <figure class="card">
    <figcaption>${title}</figcaption>
    <div class="chart"></div>
    <ul class="legend">${series.map(([name], index) => html`<li><span class="swatch ${isBars ? "bar" : "line"} series-${index}"></span>${name}</li>`)}</ul>
  </figure>`);

function picture({ series, write, isBars, isWhole, unit = 1 }, items, interval, width) {
  const all = items.flatMap((item) => series.map(([, of]) => of(item) ?? 0));
  const { top, step } = scale(Math.max(...all) / unit, isWhole);
  const y = (value) => TOP + (1 - value / unit / top) * (HEIGHT - TOP - BOTTOM);
  const room = (width - LEFT) / items.length;
  const x = (index) => LEFT + (index + 0.5) * room;
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step * unit);
  // As many names of intervals as there is room for.
  const every = Math.ceil(items.length / Math.max(1, Math.floor((width - LEFT) / 72)));
  return svg`
    <svg width=${width} height=${HEIGHT} aria-hidden="true">
      ${ticks.map((value) => svg`
        <line class="grid" x1=${LEFT} x2=${width} y1=${y(value)} y2=${y(value)} />
        <text x=${LEFT - 8} y=${y(value)} text-anchor="end" dominant-baseline="middle">${write(value)}</text>`)}
      ${items.map((item, index) => index % every !== 0 ? nothing : svg`
        <text x=${x(index)} y=${HEIGHT - 4} text-anchor="middle">${axisName(item.start, interval)}</text>`)}
      ${series.map(([, of], at) => isBars ? bars(items, of, at, x, y, room) : line(items.map(of), at, x, y))}
      ${items.map((item, index) => svg`
        <rect class="slot" x=${LEFT + index * room} y=${TOP} width=${room} height=${HEIGHT - TOP - BOTTOM}>
          <title>${intervalName(item.start, interval)}: ${series.map(([name, of]) => `${name} ${write(of(item))}`).join(", ")}</title>
        </rect>`)}
    </svg>
  `;
}

/** A scale from zero whose lines are at round numbers, with the largest figure on it. */
function scale(largest, isWhole) {
  const least = isWhole ? 1 : 0.1;
  const raw = Math.max(largest, least) / LINES;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = Math.max(isWhole ? 1 : 0, [1, 2, 5, 10].map((times) => times * power).find((round) => round >= raw * 0.999));
  return { step, top: Math.ceil(Math.max(largest, least) / step - 1e-9) * step };
}

function bars(items, of, at, x, y, room) {
  const width = Math.max(1, Math.min(BAR_MAX, room) * SHARES[at]);
  return items.map((item, index) => {
    const value = of(item);
    if (!value) return nothing;
    return svg`<rect class="bar series-${at}" x=${x(index) - width / 2} y=${y(value)} width=${width} height=${y(0) - y(value)} rx="2" />`;
  });
}

/** A line through the figures, with a break where there is none, and points where it would be too short to see. */
function line(values, at, x, y) {
  const runs = [[]];
  values.forEach((value, index) => (value === null ? runs.push([]) : runs.at(-1).push(`${x(index)},${y(value)}`)));
  const lone = values.map((value, index) => value === null || values.length > 40 ? nothing
    : svg`<circle class="point series-${at}" cx=${x(index)} cy=${y(value)} r="3" />`);
  return [runs.filter((run) => run.length > 1).map((run) => svg`<polyline class="line series-${at}" points=${run.join(" ")} />`), lone];
}
