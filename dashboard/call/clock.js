// Places inside a call: how they are written precisely, and read.

import { clock, number } from "../format.js";

/** A place to the millisecond: `0:07.310`. */
export const exact = (seconds) => clock(seconds, 3);

/** A length in seconds with its unit: `1.2 s`. */
export const seconds = (value, digits = 1) => `${number(value, digits)} s`;

/** A share between 0 and 1 with one decimal: `3.6 %`. */
export const share = (value) => `${number(value * 100, 1)} %`;

/** Reads `12.3`, `1:02`, `1:02:03.5` as seconds, with a comma or a point; null if it is none of them. */
export function readClock(text) {
  const match = /^\s*(?:(?:(\d+):)?([0-5]?\d):)?(\d+(?:[.,]\d+)?)\s*$/.exec(text);
  if (!match) return null;
  const [, hours = 0, minutes = 0, rest] = match;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(rest.replace(",", "."));
}
