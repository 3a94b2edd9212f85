// What was delivered to a webhook, attempt by attempt.

import { api, isCancelled, part } from "../api.js";
import { count, fullTime, milliseconds, time } from "../format.js";
import { announce, badge, failure, html, nothing, waiting } from "../ui.js";

const STATES = { pending: ["busy", "Pending"], succeeded: ["good", "Succeeded"], failed: ["bad", "Failed"] };
const LIMIT = 50;

/**
 * The deliveries of one webhook.
 *
 * @param changed is called when `view()` has changed.
 */
export function deliveries(changed) {
  let state = null;
  let loading = new AbortController();
  return { open, close, view };

  function open(id) {
    state = { id, filter: "", items: null, next: null, error: null };
    load();
  }

  function close() {
    loading.abort();
    state = null;
  }

  async function load(cursor = null) {
    loading.abort();
    loading = new AbortController();
    const mine = state;
    const { signal } = loading;
    mine.error = null;
    if (!cursor) mine.items = null;
    changed();
    try {
      const query = { status: mine.filter, limit: LIMIT, cursor };
      const { items, page } = await api.get(`/webhooks/${part(mine.id)}/deliveries`, { query, signal });
      mine.items = [...(mine.items ?? []), ...items];
      mine.next = page?.nextCursor ?? null;
      announce(`${count(mine.items.length, "delivery", "deliveries")} shown.`);
    } catch (error) {
      if (isCancelled(error)) return;
      mine.error = error;
    }
    changed();
  }

  async function retry(delivery) {
    const mine = state;
    try {
      await api.post(`/webhooks/${part(mine.id)}/deliveries/${part(delivery.id)}/retry`);
      announce("It is delivered once more.");
      if (state === mine) await load();
    } catch (error) {
      mine.error = error;
      changed();
    }
  }

  function filter(event) {
    state.filter = event.target.value;
    load();
  }

  function view() {
    if (!state) return nothing;
    const { items, error, next } = state;
    return html`
      <section class="deliveries" aria-label="Deliveries">
        <label class="narrow">State
          <select @change=${filter}>
            <option value="">Any</option>
            ${Object.entries(STATES).map(([name, [, word]]) => html`<option value=${name} ?selected=${name === state.filter}>${word}</option>`)}
          </select>
        </label>
        ${error ? failure(error, () => load()) : nothing}
        ${items === null ? (error ? nothing : waiting()) : items.length === 0 ? html`<p class="quiet">There are none.</p>` : table(items)}
        ${next ? html`<button type="button" class="secondary small" @click=${() => load(next)}>More deliveries</button>` : nothing}
      </section>
    `;
  }

  function table(items) {
    return html`
      <div class="table" role="region" aria-label="Deliveries" tabindex="0">
        <table>
          <thead><tr><th scope="col">Event</th><th scope="col">State</th><th scope="col">Made</th><th scope="col">Attempts</th>
            <th scope="col"><span class="unseen">Actions</span></th></tr></thead>
          <tbody>${items.map(row)}</tbody>
        </table>
      </div>
    `;
  }

  function row(delivery) {
    const attempts = delivery.attempts ?? [];
    return html`
      <tr data-delivery=${delivery.id}>
        <th scope="row" class="text">${delivery.type ?? delivery.eventType ?? "event"}</th>
        <td>${badge(...(STATES[delivery.status] ?? ["", delivery.status]))}
          ${delivery.status === "pending" && delivery.nextAttemptAt ? html`<span class="quiet">next ${time(delivery.nextAttemptAt)}</span>` : nothing}</td>
        <td title=${fullTime(delivery.createdAt)}>${time(delivery.createdAt)}</td>
        <td class="attempts">${attempts.length === 0 ? "none yet" : html`
          <details><summary>${count(attempts.length, "attempt")}</summary>${attempts.map(attempt)}</details>`}</td>
        <td class="actions"><button type="button" class="secondary small" @click=${() => retry(delivery)}>Retry</button></td>
      </tr>
    `;
  }
}

const attempt = ({ time: moment, status, durationMs, error, answer }) => html`
  <p>${fullTime(moment)}: ${status ? `status ${status}` : "no answer"}, ${milliseconds(durationMs)}
    ${error ? html`<br /><span class="text">${error}</span>` : nothing}</p>
  ${answer ? html`<pre tabindex="0" aria-label="The beginning of the answer">${answer}</pre>` : nothing}
`;
