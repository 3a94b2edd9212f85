// Sets of time spans, as sorted lists of [start, end] in seconds: what the lanes show is computed from who speaks when.

/** The spans of either list, joined where they touch. */
export function union(left, right) {
  const joined = [];
  for (const [start, end] of [...left, ...right].sort((one, other) => one[0] - other[0])) {
    const last = joined.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else joined.push([start, end]);
  }
  return joined;
}

/** Where both lists have a span. */
export function intersection(left, right) {
  const common = [];
  for (let one = 0, other = 0; one < left.length && other < right.length;) {
    const [start, end] = [Math.max(left[one][0], right[other][0]), Math.min(left[one][1], right[other][1])];
    if (start < end) common.push([start, end]);
    if (left[one][1] < right[other][1]) one += 1;
    else other += 1;
  }
  return common;
}

/** What lies between `from` and `to` outside all spans of a joined list. */
export function complement(spans, from, to) {
  const free = [];
  let at = from;
  for (const [start, end] of spans) {
    if (start > at) free.push([at, Math.min(start, to)]);
    at = Math.max(at, end);
    if (at >= to) break;
  }
  if (at < to) free.push([at, to]);
  return free.filter(([start, end]) => start < end);
}

/** The index of the last item that begins at or before `time`, or -1. `startOf` reads an item's start. */
export function lastBefore(items, time, startOf = (item) => item[0]) {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (startOf(items[middle]) <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The span in which `time` lies, give or take `slack` seconds; undefined outside all. */
export function spanAt(spans, time, slack = 0) {
  const span = spans[lastBefore(spans, time + slack)];
  return span && time <= span[1] + slack ? span : undefined;
}

/**
 * What the lanes of a finished call show.
 * @param speech the answer of `listSpeech`
 * @param computed the answer of `getComputedAnalytics`
 */
export function lanesOf(speech, computed) {
  const of = (track) => speech.tracks.find((each) => each.track === track)?.segments ?? [];
  const [caller, agent] = [of("inbound"), of("outbound")];
  const spoken = union(caller, agent);
  const { speechStart: from, speechEnd: to } = computed;
  const responses = [];
  computed.turns.forEach((turn, index) => {
    const before = computed.turns[index - 1];
    if (!before || before.party === turn.party) return;
    const latency = Math.max(0, turn.start - before.end);
    responses.push({ party: turn.party, start: turn.start - latency, end: turn.start, latency });
  });
  return {
    caller,
    agent,
    silence: from === null ? [] : complement(spoken, from, to),
    overlap: intersection(caller, agent),
    interruptions: computed.interruptions,
    responses,
    /** All that nobody speaks in, also before the first and after the last word: what "skip silence" leaves out. */
    pauses: complement(spoken, 0, computed.duration),
  };
}
