// The numbers of the pictures, as tables.

import { clock, milliseconds, number, percent, words } from "../format.js";
import { html, nothing } from "../ui.js";
import { intervalName } from "./intervals.js";

const COLUMNS = [
  ["Calls", ({ calls }) => number(calls)],
  ["Failed", ({ failed }) => number(failed)],
  ["Duration", ({ duration }) => clock(duration.total)],
  ["Average", ({ duration }) => clock(duration.average)],
  ["Speech", ({ talkTime }) => clock(talkTime)],
  ["Silence", ({ silenceTime }) => clock(silenceTime)],
  ["Interruptions", ({ interruptions }) => number(interruptions)],
  ["Answer, median", ({ responseLatency }) => milliseconds(responseLatency.p50)],
  ["Answer, 95th percentile", ({ responseLatency }) => milliseconds(responseLatency.p95)],
];

/** A row for each interval that has calls. */
export const intervalTable = (items, interval) =>
  table("Figures by time", "From", items.filter(({ calls }) => calls > 0).reverse(), (item) => intervalName(item.start, interval));

/** A row for each group, the largest first, with its share of all calls. */
export function groupTable(items, title) {
  const all = items.reduce((sum, { calls }) => sum + calls, 0);
  return table(`Figures by ${title.toLowerCase()}`, title, items, ({ group }) => (group === null ? html`<span class="quiet">none</span>` : words(group)), ({ calls }) => share(calls, all));
}

const share = (calls, all) => html`<meter min="0" max=${all} value=${calls} aria-label="Share of calls"></meter> ${percent(calls / all)}`;

const table = (label, first, items, name, more) => html`
  <div class="table spaced" role="region" aria-label=${label} tabindex="0">
    <table>
      <thead>
        <tr>
          <th scope="col">${first}</th>
          ${COLUMNS.map(([title]) => html`<th scope="col" class="figure">${title}</th>`)}
          ${more ? html`<th scope="col">Share</th>` : nothing}
        </tr>
      </thead>
      <tbody>
        ${items.map((item) => html`<tr>
          <th scope="row" class="text">${name(item)}</th>
          ${COLUMNS.map(([, of]) => html`<td class="figure">${of(item)}</td>`)}
          ${more ? html`<td class="share">${more(item)}</td>` : nothing}
        </tr>`)}
      </tbody>
    </table>
  </div>
`;
