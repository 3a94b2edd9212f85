// The dialogs about keys: their forms, and a secret that is shown once.

import { count } from "../format.js";
import { copyButton, dialog, html, nothing } from "../ui.js";

const SCOPES = {
  ingest: "ingest: write calls",
  read: "read: see and hear everything",
  admin: "admin: everything, also delete calls and manage keys",
};
const OVERLAPS = [[0, "at once"], [3_600, "in an hour"], [86_400, "in a day"], [604_800, "in a week"]];

/** Sends a form's content, closes the dialog with the answer, or shows the error in it. */
function submitted(content, close, work) {
  return async (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    const [button, error] = [form.querySelector("button[type=submit]"), form.querySelector(".error")];
    button.setAttribute("aria-busy", "true");
    button.disabled = true;
    error.textContent = "";
    try {
      close(await work(content(new FormData(form))));
    } catch (problem) {
      error.textContent = problem.message;
      button.disabled = false;
      button.removeAttribute("aria-busy");
    }
  };
}

/** A form in a dialog: its title, its fields, and the word on its button. */
export const formDialog = ({ title, fields, action, content }, close, work) => html`
  <form @submit=${submitted(content, close, work)}>
    <h2>${title}</h2>
    ${fields}
    <p class="error" role="alert"></p>
    <footer>
      <button type="button" class="secondary" @click=${() => close()}>Cancel</button>
      <button type="submit">${action}</button>
    </footer>
  </form>
`;

const scopes = html`
  <fieldset>
    <legend>Scope</legend>
    ${Object.entries(SCOPES).map(([name, label]) => html`
      <label><input type="radio" name="scope" value=${name} required ?checked=${name === "ingest"} /> ${label}</label>`)}
  </fieldset>
`;

/** The form of a new key. `work` creates it. */
export function creation(close, work) {
  const fields = html`
    <label>Label <input name="label" type="text" maxlength="128" autocomplete="off" placeholder="what the key is for" /></label>
    ${scopes}
    <label>Expires <input name="expires" type="date" /> <small>Empty: never.</small></label>
    <label><input type="checkbox" name="own" /> Writes only to calls that it starts (scope ingest)</label>
    <label>Networks <input name="networks" type="text" autocomplete="off" placeholder="10.0.0.0/8, 2001:db8::/32" />
      <small>From which it may be used, separated by commas. Empty: from everywhere.</small></label>
  `;
  const content = (form) => {
    const networks = form.get("networks").split(",").map((one) => one.trim()).filter(Boolean);
    return {
      scope: form.get("scope"),
      ...(form.get("label").trim() && { label: form.get("label").trim() }),
      ...(form.get("expires") && { expiresAt: new Date(`${form.get("expires")}T23:59:59`).toISOString() }),
      ...(form.get("own") && { ownCallsOnly: true }),
      ...(networks.length > 0 && { allowedNetworks: networks }),
    };
  };
  return formDialog({ title: "Create a key", fields, action: "Create", content }, close, work);
}

/** The form of a rotation. `work` rotates. */
export function rotation(key, close, work) {
  const fields = html`
    <p>A new key replaces <strong class="text">${key.label ?? key.id}</strong>, with the same scope and limits.</p>
    <label>The old key ends
      <select name="overlap">${OVERLAPS.map(([seconds, label]) => html`<option value=${seconds} ?selected=${seconds === 86_400}>${label}</option>`)}</select>
    </label>
  `;
  const content = (form) => ({ overlapSeconds: Number(form.get("overlap")) });
  return formDialog({ title: "Rotate this key?", fields, action: "Rotate", content }, close, work);
}

/** Shows a secret, which the service shows only now, until the user closes it. */
export const secret = (title, text, more = nothing) => dialog((close) => html`
  <h2>${title}</h2>
  <p>Copy it now: it is shown only this once. ${more}</p>
  <p class="secret"><code tabindex="0" aria-label="Secret of ${count(text.length, "character")}">${text}</code></p>
  <footer>${copyButton(text)} <button type="button" @click=${() => close()}>I have kept it</button></footer>
`);
