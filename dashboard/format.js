// Numbers, times and names, as the browser's language writes them.

const made = new Map();

/** A formatter of `Intl`, made once: making one takes longer than using it. */
function intl(kind, options) {
  const name = kind + JSON.stringify(options);
  if (!made.has(name)) made.set(name, new Intl[kind](navigator.languages, options));
  return made.get(name);
}

/** What stands for a value that is not known. */
export const NONE = "–";

const given = (value) => value !== null && value !== undefined && !Number.isNaN(value);

/** A number: `1,234.5` or `1.234,5`. */
export const number = (value, digits = 0) =>
  given(value) ? intl("NumberFormat", { maximumFractionDigits: digits, minimumFractionDigits: digits }).format(value) : NONE;

/** A share between 0 and 1: `12 %`. */
export const percent = (value) => (given(value) ? intl("NumberFormat", { style: "percent" }).format(value) : NONE);

/** A length in seconds as a clock shows it: `3:07`, `1:02:03`; with `digits` of a second: `3:07.4`. */
export function clock(seconds, digits = 0) {
  if (!given(seconds)) return NONE;
  const scale = 10 ** digits;
  const whole = Math.round(Math.max(0, seconds) * scale);
  const rest = Math.floor(whole / scale);
  const two = (part) => intl("NumberFormat", { minimumIntegerDigits: 2 }).format(part);
  const [hours, minutes] = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60];
  const last = intl("NumberFormat", { minimumIntegerDigits: 2, minimumFractionDigits: digits, maximumFractionDigits: digits });
  const shown = last.format((whole - Math.floor(rest / 60) * 60 * scale) / scale);
  return hours > 0 ? `${number(hours)}:${two(minutes)}:${shown}` : `${number(minutes)}:${shown}`;
}

/** A length in seconds in words, for screen readers and tooltips: `3 min 7 sec`. */
export function spoken(seconds) {
  if (!given(seconds)) return "unknown";
  const whole = Math.round(seconds);
  const parts = [["hour", Math.floor(whole / 3600)], ["minute", Math.floor(whole / 60) % 60], ["second", whole % 60]];
  const shown = parts.filter(([unit, value]) => value > 0 || (unit === "second" && whole === 0));
  return shown.map(([unit, value]) => intl("NumberFormat", { style: "unit", unit, unitDisplay: "long" }).format(value)).join(" ");
}

/** Minutes of seconds: `12.3 min`. */
export const minutes = (seconds) =>
  given(seconds) ? intl("NumberFormat", { style: "unit", unit: "minute", maximumFractionDigits: 1 }).format(seconds / 60) : NONE;

/** Milliseconds: `420 ms`. */
export const milliseconds = (value) =>
  given(value) ? intl("NumberFormat", { style: "unit", unit: "millisecond", maximumFractionDigits: 0 }).format(value) : NONE;

/** A size in bytes: `1.2 MB`. */
export function bytes(value) {
  if (!given(value)) return NONE;
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, value)) / 3)));
  const options = { style: "unit", unit: units[power], maximumFractionDigits: power > 0 ? 1 : 0 };
  return intl("NumberFormat", options).format(value / 1000 ** power);
}

/** A time: the day only if it is not today. */
export function time(text) {
  if (!text) return NONE;
  const date = new Date(text);
  const now = new Date();
  if (date.toDateString() === now.toDateString()) return intl("DateTimeFormat", { timeStyle: "medium" }).format(date);
  const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return intl("DateTimeFormat", { year, month: "short", day: "numeric", hour: "numeric", minute: "2-digit" }).format(date);
}

/** A time with its day and second. */
export const fullTime = (text) =>
  text ? intl("DateTimeFormat", { dateStyle: "medium", timeStyle: "medium" }).format(new Date(text)) : NONE;

/** A day. */
export const day = (text) => (text ? intl("DateTimeFormat", { dateStyle: "medium" }).format(new Date(text)) : NONE);

/** How long ago, in words: `5 minutes ago`. */
export function ago(text, now = Date.now()) {
  if (!text) return NONE;
  const seconds = (Date.parse(text) - now) / 1000;
  const units = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? units.at(-1);
  return intl("RelativeTimeFormat", { numeric: "auto" }).format(Math.round(seconds / size), unit);
}

/** `1 call`, `2 calls`. */
export const count = (value, one, many = `${one}s`) => `${number(value)} ${value === 1 ? one : many}`;

/** A name of the API in words: `stream_disconnect` as `stream disconnect`. */
export const words = (name) => (name ? String(name).replaceAll("_", " ") : NONE);
