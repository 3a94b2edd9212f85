// The lanes below the waveform: for each, its name, its figures in words, what it draws, and what it says about a place.

import { count, milliseconds, number } from "../format.js";
import { exact, seconds, share } from "./clock.js";
import { bars, marks } from "./draw.js";
import { spanAt } from "./spans.js";

const PARTY = { caller: "Caller", agent: "Agent" };
/** A latency in seconds as it is written everywhere. */
const latency = (seconds) => milliseconds(Math.round(seconds * 1000));
const ranged = ([start, end]) => `${exact(start)} to ${exact(end)}`;

/** Items that are not spans: the one nearest to `time`, within `slack` seconds. */
function nearest(items, time, slack, timeOf) {
  let found;
  for (const item of items) {
    const distance = Math.abs(timeOf(item) - time);
    if (distance <= slack && (!found || distance < Math.abs(timeOf(found) - time))) found = item;
  }
  return found;
}

/** Lanes that come from the audio: who speaks, silence, overlap, interruptions, latency. */
export function speechLanes(lanes, computed) {
  const { caller, agent } = computed.parties;
  const talk = (party) => `speaks ${seconds(party.talkTime)}, ${share(party.talkShare)}`;
  const { silence, overlap, responseLatency: all } = computed;
  const { p50 } = computed.parties.agent.responseLatency;
  return [
    {
      name: "talk",
      label: "Talk",
      parts: [
        ["inbound", talk(caller)],
        ["outbound", talk(agent)],
      ],
      draw(context, size, colours, view) {
        const height = (size.height - 7) / 2;
        bars(context, size, colours.caller, view, lanes.caller, 3, height);
        bars(context, size, colours.agent, view, lanes.agent, 4 + height, height);
      },
      at(time) {
        const spans = [
          ["caller", lanes.caller],
          ["agent", lanes.agent],
        ];
        const heard = spans.map(([party, list]) => [party, spanAt(list, time)]).filter(([, span]) => span);
        return heard.map(([party, span]) => `${PARTY[party]} speaks ${ranged(span)}`).join("; ");
      },
    },
    {
      name: "silence",
      label: "Silence",
      figure: `${seconds(silence.total)}, longest ${seconds(silence.longest)}`,
      draw: (context, size, colours, view) =>
        bars(context, size, colours.silence, view, lanes.silence, 4, size.height - 8),
      at(time) {
        const span = spanAt(lanes.silence, time);
        return span && `Nobody speaks for ${seconds(span[1] - span[0], 2)}, ${ranged(span)}`;
      },
    },
    {
      name: "overlap",
      label: "Overlap",
      figure: `${seconds(overlap.total)}, ${share(overlap.share)}`,
      draw: (context, size, colours, view) =>
        bars(context, size, colours.overlap, view, lanes.overlap, 4, size.height - 8),
      at(time) {
        const span = spanAt(lanes.overlap, time);
        return span && `Both speak for ${seconds(span[1] - span[0], 2)}, ${ranged(span)}`;
      },
    },
    {
      name: "interruptions",
      label: "Interruptions",
      figure: `${number(lanes.interruptions.length)}, ${number(caller.interruptions)} by the caller`,
      draw: (context, size, colours, view) =>
        marks(context, size, colours, view, lanes.interruptions, {
          time: (item) => item.time,
          width: (item) => item.overlap,
          label: (item) => PARTY[item.by],
          colour: "interruption",
        }),
      at(time, slack) {
        const item = nearest(lanes.interruptions, time, slack, (each) => each.time);
        return (
          item && `${PARTY[item.by]} interrupts at ${exact(item.time)}; both speak for ${seconds(item.overlap, 2)}`
        );
      },
    },
    {
      name: "latency",
      label: "Latency",
      figure:
        p50 === null
          ? all.num
            ? "the agent does not respond"
            : "no responses"
          : `agent’s median ${milliseconds(p50)}`,
      draw: (context, size, colours, view) =>
        marks(context, size, colours, view, lanes.responses, {
          time: (item) => item.start,
          width: (item) => item.latency,
          label: (item) => latency(item.latency),
          colour: "latency",
        }),
      at(time, slack) {
        const item = nearest(lanes.responses, time, slack, (each) => each.end);
        return item && `${PARTY[item.party]} responds after ${latency(item.latency)}, at ${exact(item.end)}`;
      },
    },
  ];
}

/** What an event is called. */
export const eventName = (event) => (event.type === "dtmf" ? `Key ${event.digit}` : `Mark ${event.name}`);

/** The lane of pressed keys and marks. */
export function eventLane(events) {
  const keys = events.filter((event) => event.type === "dtmf").length;
  return {
    name: "events",
    label: "Keys and marks",
    figure: `${count(keys, "key")}, ${count(events.length - keys, "mark")}`,
    draw: (context, size, colours, view) =>
      marks(context, size, colours, view, events, {
        time: (event) => event.position,
        label: (event) => (event.type === "dtmf" ? event.digit : event.name),
        colour: "event",
      }),
    at(time, slack) {
      const event = nearest(events, time, slack, (each) => each.position);
      return event && `${eventName(event)} at ${exact(event.position)}`;
    },
  };
}

/** What the waveform says about a place: gaps, and the time alone. */
export function gapAt(gaps, time) {
  const gap = gaps.find(({ start, end }) => start <= time && time <= end);
  const of = { inbound: "the caller", outbound: "the agent" };
  return gap && `Audio of ${of[gap.track]} is missing from ${exact(gap.start)} to ${exact(gap.end)}`;
}

/** How much of the audio is missing, in words. */
export function gapFigure(gaps) {
  if (!gaps.length) return "";
  const missing = gaps.reduce((sum, gap) => sum + gap.end - gap.start, 0);
  return `${count(gaps.length, "gap")}, ${seconds(missing)}`;
}
