// Webhooks, for admins: list, create, test, switch on and off, and what was delivered.

import { api, isCancelled, part } from "../api.js";
import { milliseconds, time } from "../format.js";
import { go, href } from "../router.js";
import { announce, badge, confirmed, dialog, empty, failure, html, nothing, render, waiting } from "../ui.js";
import { secret } from "../keys/dialogs.js";
import { deliveries } from "./deliveries.js";
import { creation } from "./form.js";

const LIMIT = 100;

export function open(root, first) {
  const state = { hooks: null, error: null, notice: nothing, chosen: first.query.get("deliveries") };
  const closed = new AbortController();
  const log = deliveries(() => show());
  load();
  if (state.chosen) log.open(state.chosen);
  return {
    update({ query }) {
      state.chosen = query.get("deliveries");
      if (state.chosen) log.open(state.chosen);
      else log.close();
      show();
    },
    close() {
      closed.abort();
      log.close();
    },
  };

  async function load() {
    state.error = null;
    show();
    try {
      const { items } = await api.get("/webhooks", { query: { limit: LIMIT }, signal: closed.signal });
      state.hooks = items;
    } catch (error) {
      if (isCancelled(error)) return;
      state.error = error;
    }
    show();
  }

  /** Does something and says what came of it, in the page and to screen readers. */
  async function change(work) {
    try {
      const [kind, text] = await work();
      state.notice = html`<div class="notice ${kind}" role="status"><p class="text">${text}</p></div>`;
      announce(text);
    } catch (error) {
      state.notice = failure(error);
    }
    if (!closed.signal.aborted) await load();
  }

  async function create() {
    const made = await dialog((close) => creation(close, (body) => api.post("/webhooks", body)));
    if (!made) return;
    announce("The webhook was created.");
    await secret("The webhook's secret", made.secret, "Your endpoint verifies each delivery with it.");
    load();
  }

  const at = (hook) => `/webhooks/${part(hook.id)}`;

  const test = (hook) => change(async () => {
    const { status, durationMs, error } = await api.post(`${at(hook)}/test`);
    const answered = status ? `It answered with status ${status} after ${milliseconds(durationMs)}.` : "";
    const isGood = !error && status >= 200 && status < 300;
    return [isGood ? "good" : "bad", [isGood ? "The test was delivered." : "The test failed.", answered, error].filter(Boolean).join(" ")];
  });

  const toggle = (hook) => change(async () => {
    await api.patch(at(hook), { enabled: !hook.enabled });
    return ["good", hook.enabled ? "The webhook is switched off." : "The webhook is switched on."];
  });

  async function rotate(hook) {
    const isSure = await confirmed({
      title: "Make a new secret?",
      text: "For 24 hours deliveries carry a signature of the old secret as well.",
      action: "Make a secret",
    });
    if (!isSure) return;
    await change(async () => {
      const made = await api.post(`${at(hook)}/secret`);
      await secret("The webhook's new secret", made.secret);
      return ["good", "The webhook has a new secret."];
    });
  }

  async function remove(hook) {
    const isSure = await confirmed({
      title: "Delete this webhook?",
      text: html`Nothing is delivered to <strong class="text">${hook.url}</strong> any more. What waits for it is dropped.`,
      action: "Delete",
    });
    if (!isSure) return;
    if (state.chosen === hook.id) go(href(["webhooks"]), { replace: true });
    await change(async () => {
      await api.delete(at(hook));
      return ["good", "The webhook was deleted."];
    });
  }

  function show() {
    render(html`
      <div class="head">
        <h1>Webhooks</h1>
        <div class="end">${state.hooks ? html`<button type="button" @click=${create}>Add a webhook</button>` : nothing}</div>
      </div>
      ${state.notice}
      ${state.error ? failure(state.error, load) : nothing}
      ${state.hooks === null ? (state.error ? nothing : waiting()) : list()}
    `, root);
  }

  function list() {
    if (state.hooks.length === 0) {
      return empty("There are no webhooks.", "Add one, and your service hears of calls by itself: when one starts, ends, or has its recording.");
    }
    return html`<ul class="hits" aria-label="Webhooks">${state.hooks.map(item)}</ul>`;
  }

  function item(hook) {
    const isOpen = state.chosen === hook.id;
    return html`
      <li class="card" data-webhook=${hook.id}>
        <p class="hit-head"><strong class="text">${hook.url}</strong>
          ${standing(hook)}</p>
        ${hook.description ? html`<p class="text">${hook.description}</p>` : nothing}
        <p class="quiet text">${hook.types?.length ? hook.types.join(", ") : "All events"}${hook.includeData ? ", with personal data" : ""}</p>
        <div class="buttons">
          <button type="button" class="secondary small" @click=${() => test(hook)}>Send a test</button>
          <button type="button" class="secondary small" aria-expanded=${isOpen ? "true" : "false"}
            @click=${() => go(href(["webhooks"], { deliveries: isOpen ? "" : hook.id }))}>${isOpen ? "Hide deliveries" : "Deliveries"}</button>
          <button type="button" class="secondary small" @click=${() => toggle(hook)}>${hook.enabled ? "Switch off" : "Switch on"}</button>
          <button type="button" class="secondary small" @click=${() => rotate(hook)}>New secret</button>
          <button type="button" class="secondary small" @click=${() => remove(hook)}>Delete</button>
        </div>
        ${isOpen ? log.view() : nothing}
      </li>
    `;
  }
}

const DISABLED = { gone: "Off: it answered 410", failing: "Off: it failed for 5 days" };

/** Whether a webhook is told of events, and if not, why. */
function standing(hook) {
  if (!hook.enabled) return badge("warn", DISABLED[hook.disabledReason] ?? "Off");
  return hook.failingSince ? badge("bad", `Failing since ${time(hook.failingSince)}`) : badge("good", "On");
}
