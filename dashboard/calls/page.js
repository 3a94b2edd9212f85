// The list of calls.

import { api, isCancelled } from "../api.js";
import { clock, time } from "../format.js";
import { href } from "../router.js";
import { direction, failure, html, render, status, waiting } from "../ui.js";

export function open(root, route) {
  const closed = new AbortController();
  load(route);
  return { update: load, close: () => closed.abort() };

  async function load({ query }) {
    render(html`<div class="head"><h1>Calls</h1></div>${waiting()}`, root);
    try {
      const { items } = await api.get("/calls", { query, signal: closed.signal });
      render(html`<div class="head"><h1>Calls</h1></div>${table(items)}`, root);
    } catch (error) {
      if (!isCancelled(error)) render(html`<div class="head"><h1>Calls</h1></div>${failure(error, () => load(route))}`, root);
    }
  }
}

const table = (calls) => html`
  <div class="table" role="region" aria-label="Calls" tabindex="0">
    <table>
      <thead><tr><th>Started</th><th>Caller</th><th>Status</th><th>Direction</th><th class="figure">Duration</th></tr></thead>
      <tbody>${calls.map((call) => html`<tr>
        <td><a href=${href(["calls", call.id])}>${time(call.startTime)}</a></td>
        <td class="text">${call.caller}</td>
        <td>${status(call.status)}</td>
        <td>${direction(call.direction)}</td>
        <td class="figure">${clock(call.duration)}</td>
      </tr>`)}</tbody>
    </table>
  </div>
`;
