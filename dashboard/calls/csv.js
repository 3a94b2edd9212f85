// The export of calls as CSV (RFC 4180), made of pages.

import { api } from "../api.js";

const PAGE = 500;
/** More rows than this are a job for the API; a spreadsheet ends soon after. */
export const ROWS_MAX = 50_000;

const gaps = (call) => (call.recordings ?? []).flatMap((recording) => recording.gaps);

/** The columns: a name, and what it is of a call. */
const COLUMNS = [
  ["id", (call) => call.id],
  ["streamSid", (call) => call.streamSid],
  ["callSid", (call) => call.callSid],
  ["caller", (call) => call.caller],
  ["agent", (call) => call.agent],
  ["direction", (call) => call.direction],
  ["status", (call) => call.status],
  ["endReason", (call) => call.endReason],
  ["failure", (call) => call.failure?.detail],
  ["startTime", (call) => call.startTime],
  ["endTime", (call) => call.endTime],
  ["durationSeconds", (call) => call.duration],
  ["sentiment", (call) => call.analytics?.[0]?.sentiment],
  ["talkSeconds", (call) => call.computed?.talkTime],
  ["answerMilliseconds", (call) => call.computed?.responseLatency],
  ["gaps", (call) => gaps(call).length],
  ["gapSeconds", (call) => gaps(call).reduce((sum, gap) => sum + gap.end - gap.start, 0)],
  ["recordingId", (call) => call.recordings?.[0]?.id],
];

/**
 * A cell. Text that a spreadsheet would run as a formula begins with an apostrophe, which spreadsheets take for "text".
 * Numbers are ours, and stay numbers.
 */
export function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(Math.round(value * 1000) / 1000);
  const text = /^[\s]*[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Calls as lines of CSV. */
export const lines = (calls) => calls.map((call) => COLUMNS.map(([, of]) => cell(of(call))).join(",") + "\r\n").join("");

/**
 * Reads all calls of a query, and makes a file of them.
 *
 * @param query pairs for `listCalls`.
 * @param progress is told how many there are so far.
 * @returns `{ text, rows, isCut }`.
 */
export async function exportCalls(query, progress, signal) {
  // The byte order mark tells spreadsheets that this is UTF-8.
  const parts = ["\ufeff", COLUMNS.map(([name]) => name).join(",") + "\r\n"];
  let rows = 0;
  for (let cursor = ""; ; ) {
    const asked = new URLSearchParams([...query, ["limit", PAGE], ["include", "recordings,analytics,computed"]]);
    if (cursor) asked.set("cursor", cursor);
    const { items, page } = await api.get("/calls", { query: asked, signal });
    parts.push(lines(items));
    rows += items.length;
    progress(rows);
    cursor = page.nextCursor;
    if (!cursor || rows >= ROWS_MAX) return { text: parts.join(""), rows, isCut: Boolean(cursor) };
  }
}
