// The sign-in page. The key goes into memory, and into `sessionStorage` if the user wants it there.

import { api, setKey } from "./api.js";
import { html, nothing, render } from "./ui.js";

/** Shows the page in `root`, and calls `done` once a key works. `reason` is the problem that led here, if any. */
export function openSignIn(root, reason, done) {
  // A request without any key says nothing new: the page asks for one.
  const told = reason && reason.code !== "" && !/has no API key/.test(reason.message) ? reason.message : "";
  const state = { error: told, busy: false };
  const show = () => render(view(state, submit), root);

  async function submit(event) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const key = String(form.get("key")).trim();
    if (!key || state.busy) return;
    Object.assign(state, { busy: true, error: "" });
    show();
    setKey(key, form.get("remember") === "on");
    try {
      await api.get("/calls", { query: { limit: 1 } });
      done();
    } catch (error) {
      setKey(null, false);
      const needs = "This key may not read calls. Use a key with scope read or admin.";
      Object.assign(state, { busy: false, error: error.status === 403 && error.code === "forbidden" ? needs : error.message });
      show();
      root.querySelector("input[name=key]")?.focus();
    }
  }

  show();
  root.querySelector("input[name=key]")?.focus();
}

const view = ({ error, busy }, submit) => html`
  <section class="signin">
    <img src="icon.svg" alt="" width="48" height="48" />
    <h1 tabindex="-1">Sign in</h1>
    <p class="quiet">This Callstore needs an API key. Keys with scope <code>read</code> show calls; keys with scope
      <code>admin</code> also manage keys and webhooks.</p>
    <form @submit=${submit}>
      <label for="key">API key</label>
      <input id="key" name="key" type="password" required autocomplete="current-password" autocapitalize="off"
        spellcheck="false" aria-describedby="key-error" aria-invalid=${error ? "true" : nothing} />
      <p id="key-error" class="error" role="alert">${error}</p>
      <label><input type="checkbox" name="remember" /> Keep me signed in until I close this tab</label>
      <button type="submit" aria-busy=${busy ? "true" : "false"}>Sign in</button>
    </form>
    <p class="quiet">Without the box ticked, the key is kept in this page's memory only, and a reload signs you out. It is
      never part of a URL. <code>callstore keys create --scope read</code> makes a key.</p>
  </section>
`;
