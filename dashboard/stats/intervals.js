// Names of intervals in the browser's language.

const OPTIONS = {
  hour: { weekday: "short", hour: "numeric", minute: "2-digit" },
  day: { weekday: "short", month: "short", day: "numeric" },
  week: { year: "numeric", month: "short", day: "numeric" },
  month: { year: "numeric", month: "long" },
};
const AXIS = {
  hour: { hour: "numeric" },
  day: { month: "short", day: "numeric" },
  week: { month: "short", day: "numeric" },
  month: { month: "short" },
};

const format = (options, moment) => new Intl.DateTimeFormat(navigator.languages, options).format(moment);

/** An interval by its beginning: `Sat, Nov 28`; weeks by their first day. */
export const intervalName = (start, interval) => format(OPTIONS[interval], new Date(start));

/** The same on an axis, where there is little room. */
export const axisName = (start, interval) => format(AXIS[interval], new Date(start));
