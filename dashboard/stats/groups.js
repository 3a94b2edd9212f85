// Figures of the groups of a period. The service counts groups for each interval; percentiles cannot be added up, so
// the largest groups are asked for one by one.

import { api } from "../api.js";

/** How many groups get their own percentiles. */
const ASKED = 20;

/**
 * The groups of a period, the largest first: `{ group, calls, failed, duration, .. }`, with null for what is not known.
 *
 * @param query the period and filters, as `getCallStats` takes them.
 * @param by what divides the calls: a filter of the same name picks a group.
 */
export async function readGroups(query, by, signal) {
  const { items } = await api.get("/stats/calls", { query: { ...query, interval: "month", groupBy: by }, signal });
  const months = new Map();
  for (const item of items) months.set(item.group, [...(months.get(item.group) ?? []), item]);
  const groups = [...months.values()].map(sum).sort((one, other) => other.calls - one.calls);
  const isAsked = ({ group, isWhole }, index) => !isWhole && group !== null && index < ASKED;
  return Promise.all(groups.map(async (figures, index) => {
    if (!isAsked(figures, index)) return figures;
    const { totals } = await api.get("/stats/calls", { query: { ...query, interval: "month", [by]: figures.group }, signal });
    return { ...totals, group: figures.group };
  }));
}

/** The figures of a group's months together. One month's are exact; of several, percentiles are not known. */
function sum(months) {
  if (months.length === 1) return { ...months[0], isWhole: true };
  const total = (of) => months.reduce((all, month) => (of(month) === null ? all : (all ?? 0) + of(month)), null);
  const calls = total(({ calls }) => calls);
  const duration = total(({ duration }) => duration.total);
  return {
    group: months[0].group,
    isWhole: false,
    calls,
    completed: total(({ completed }) => completed),
    failed: total(({ failed }) => failed),
    duration: { total: duration, average: null, p50: null, p95: null },
    talkTime: total(({ talkTime }) => talkTime),
    silenceTime: total(({ silenceTime }) => silenceTime),
    interruptions: total(({ interruptions }) => interruptions),
    responseLatency: { p50: null, p95: null },
  };
}
