// API keys, for admins: list, create, rotate, revoke.

import { api, isCancelled, part } from "../api.js";
import { ago, fullTime, time } from "../format.js";
import { announce, badge, confirmed, dialog, empty, failure, html, nothing, render, waiting } from "../ui.js";
import { creation, rotation, secret } from "./dialogs.js";

const LIMIT = 200;

export function open(root) {
  const state = { keys: null, error: null, isEnded: false };
  const closed = new AbortController();
  load();
  return { close: () => closed.abort() };

  async function load() {
    state.error = null;
    show();
    try {
      const keys = [];
      for (let more = true; more; ) {
        const { items, page } = await api.get("/admin/keys", { query: { limit: LIMIT, offset: keys.length }, signal: closed.signal });
        keys.push(...items);
        more = page.hasMore;
      }
      state.keys = keys.reverse();
    } catch (error) {
      if (isCancelled(error)) return;
      state.error = error;
    }
    show();
  }

  /** Does something, shows its error if it has one, and the list anew. */
  async function change(work, said) {
    try {
      await work();
      announce(said);
    } catch (error) {
      await dialog((close) => html`<h2>That did not work</h2><p class="text">${error.message}</p>
        <footer><button type="button" @click=${() => close()}>Close</button></footer>`);
    }
    if (!closed.signal.aborted) await load();
  }

  async function create() {
    const made = await dialog((close) => creation(close, (body) => api.post("/admin/keys", body)));
    if (!made) return;
    announce("The key was created.");
    await secret("The new key", made.key);
    load();
  }

  async function rotate(key) {
    const made = await dialog((close) => rotation(key, close, (body) => api.post(`/admin/keys/${part(key.id)}/rotate`, body)));
    if (!made) return;
    announce("The key was rotated.");
    await secret("The key that replaces it", made.key);
    load();
  }

  async function revoke(key) {
    const name = key.label ?? key.id;
    const isSure = await confirmed({
      title: "Revoke this key?",
      text: html`The service rejects <strong class="text">${name}</strong> from then on. This cannot be undone.`,
      action: "Revoke",
    });
    if (!isSure) return;
    await change(() => revokeKey(key), `${name} was revoked.`);
  }

  async function revokeKey(key) {
    const path = `/admin/keys/${part(key.id)}`;
    try {
      await api.delete(path);
    } catch (error) {
      // The last admin key: only on purpose.
      if (error.status !== 409) throw error;
      const isSure = await confirmed({ title: "Revoke the last admin key?", text: error.message, action: "Revoke anyway" });
      if (isSure) await api.delete(path, { query: { force: true } });
    }
  }

  function show() {
    const shown = state.keys?.filter((key) => state.isEnded || ended(key) === null);
    const hidden = (state.keys?.length ?? 0) - (shown?.length ?? 0);
    render(html`
      <div class="head">
        <h1>API keys</h1>
        <div class="end">${state.keys ? html`<button type="button" @click=${create}>Create a key</button>` : nothing}</div>
      </div>
      ${state.error ? failure(state.error, load) : nothing}
      ${state.keys === null ? (state.error ? nothing : waiting()) : list(shown)}
      ${state.keys && (hidden > 0 || state.isEnded)
        ? html`<p><button type="button" class="secondary small" aria-pressed=${state.isEnded ? "true" : "false"}
            @click=${() => ((state.isEnded = !state.isEnded), show())}>
            ${state.isEnded ? "Hide revoked and expired keys" : `Show revoked and expired keys (${hidden})`}</button></p>`
        : nothing}
    `, root);
  }

  function list(keys) {
    if (state.keys.length === 0) {
      return empty("There are no keys: everyone who reaches this service may do everything.",
        "Create the first one with scope admin, and keep it: from then on every request needs a key.");
    }
    return html`
      <div class="table spaced" role="region" aria-label="API keys" tabindex="0">
        <table>
          <thead><tr><th scope="col">Label</th><th scope="col">Scope</th><th scope="col">State</th><th scope="col">Last used</th>
            <th scope="col">Created</th><th scope="col">Limits</th><th scope="col"><span class="unseen">Actions</span></th></tr></thead>
          <tbody>${keys.map(row)}</tbody>
        </table>
      </div>
    `;
  }

  function row(key) {
    const end = ended(key);
    const name = key.label ?? "without a label";
    return html`
      <tr data-key=${key.id}>
        <th scope="row" class="text">${key.label ?? html`<span class="quiet">without a label</span>`}</th>
        <td>${key.scope}</td>
        <td>${end ? badge("", end) : badge("good", key.expiresAt ? `Valid until ${time(key.expiresAt)}` : "Valid")}
          ${key.replacedBy && !end ? html`<span class="quiet">rotated</span>` : nothing}</td>
        <td title=${fullTime(key.lastUsedAt)}>${key.lastUsedAt ? ago(key.lastUsedAt) : "never"}</td>
        <td title=${fullTime(key.createdAt)}>${time(key.createdAt)}</td>
        <td class="text">${limits(key)}</td>
        <td class="actions">${end ? nothing : html`
          ${key.replacedBy ? nothing : html`<button type="button" class="secondary small" aria-label="Rotate ${name}" @click=${() => rotate(key)}>Rotate</button>`}
          <button type="button" class="secondary small" aria-label="Revoke ${name}" @click=${() => revoke(key)}>Revoke</button>`}
        </td>
      </tr>
    `;
  }
}

/** Why a key is no longer valid; null if it is. */
function ended(key) {
  if (key.revokedAt) return `Revoked ${time(key.revokedAt)}`;
  return key.expiresAt && Date.parse(key.expiresAt) <= Date.now() ? `Expired ${time(key.expiresAt)}` : null;
}

function limits(key) {
  const found = [...(key.ownCallsOnly ? ["own calls only"] : []), ...(key.allowedNetworks ?? [])];
  return found.length > 0 ? found.join(", ") : html`<span class="quiet">none</span>`;
}
