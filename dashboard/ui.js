// What pages share: templates of small things, announcements, questions to the user.

import { html, nothing, render } from "./vendor/lit-html/lit-html.js";
import { words } from "./format.js";

export { html, nothing, render };

let announcements = 0;

/** Says something to a screen reader, which shows nothing. */
export function announce(text) {
  const region = document.getElementById("announcements");
  if (!region) return;
  // The same text again is a change, too.
  region.textContent = announcements++ % 2 === 0 ? text : `${text}\u00a0`;
}

/** An error in its place, with a button that tries again. */
export const failure = (error, retry) => html`
  <div class="notice bad" role="alert">
    <p><strong>${error.status === 403 ? "This key may not do that." : "That did not work."}</strong> ${error.message}</p>
    ${error.requestId ? html`<p class="quiet">Request <code>${error.requestId}</code></p>` : nothing}
    ${retry ? html`<button type="button" class="secondary" @click=${retry}>Try again</button>` : nothing}
  </div>
`;

/** What stands in a place that is waiting. */
export const waiting = (text = "Loading …") => html`<p class="waiting" aria-busy="true">${text}</p>`;

/** What stands in a place that is empty. */
export const empty = (title, text = nothing) => html`<div class="empty"><p><strong>${title}</strong></p><p>${text}</p></div>`;

const STATES = {
  active: ["live", "Live"],
  finalizing: ["busy", "Finalizing"],
  completed: ["good", "Completed"],
  failed: ["bad", "Failed"],
};

/** The state of a call: a word with a mark before it. */
export function status(name) {
  const [kind, word] = STATES[name] ?? ["", words(name)];
  return badge(kind, word);
}

const MOODS = { positive: ["good", "Positive"], neutral: ["", "Neutral"], negative: ["bad", "Negative"] };

/** A sentiment: a word with a mark before it. */
export function sentiment(name) {
  const [kind, word] = MOODS[name] ?? ["", words(name)];
  return badge(kind, word);
}

/** A word with a mark: `good`, `bad`, `live`, `busy`, `warn` or none. */
export const badge = (kind, word) => html`<span class="badge ${kind}">${word}</span>`;

const ARROWS = { inbound: ["↙", "Inbound"], outbound: ["↗", "Outbound"] };

/** Who placed a call. */
export function direction(name) {
  const [arrow, word] = ARROWS[name] ?? [];
  return word ? html`<span class="direction"><span aria-hidden="true">${arrow}</span> ${word}</span>` : html`–`;
}

/** A button that copies a text, and says so. */
export const copyButton = (text, label = "Copy") => html`
  <button type="button" class="secondary small" @click=${(event) => copy(text, event.currentTarget, label)}>${label}</button>
`;

async function copy(text, button, label) {
  const copied = await copyText(text);
  button.textContent = copied ? "Copied" : "Press Ctrl+C";
  announce(copied ? "Copied." : "Copying is not allowed here. Select the text and copy it.");
  setTimeout(() => (button.textContent = label), 2_000);
}

/** Copies a text. Browsers offer their clipboard only to HTTPS and to this machine; the old way works elsewhere. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    return copied;
  }
}

/**
 * Asks before something that cannot be undone. Resolves to whether the user wants it.
 *
 * @param question `title`, `text`, and `action`, the word on the button.
 */
export function confirmed({ title, text, action }) {
  return dialog((close) => html`
    <h2>${title}</h2>
    <p>${text}</p>
    <footer>
      <button type="button" class="secondary" @click=${() => close(false)}>Cancel</button>
      <button type="button" class="danger" @click=${() => close(true)}>${action}</button>
    </footer>
  `, false);
}

/** Shows a dialog until its content calls `close(result)`, or Escape closes it with `otherwise`. Resolves to the result. */
export function dialog(content, otherwise = undefined) {
  const element = document.createElement("dialog");
  document.body.append(element);
  return new Promise((resolve) => {
    let result = otherwise;
    const close = (value) => ((result = value), element.close());
    element.addEventListener("close", () => (element.remove(), resolve(result)), { once: true });
    render(html`<article>${content(close)}</article>`, element);
    const title = element.querySelector("h2");
    if (title) {
      title.id = "dialog-title";
      element.setAttribute("aria-labelledby", title.id);
    }
    element.showModal();
  });
}

/** Saves a text as a file. */
export function save(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Calls `work` at most once in `milliseconds`: at once, and once more at the end if it was called meanwhile. */
export function throttled(work, milliseconds) {
  let timer = null;
  let again = false;
  const run = () => {
    again = false;
    timer = setTimeout(() => ((timer = null), again && run()), milliseconds);
    work();
  };
  const call = () => (timer === null ? run() : (again = true));
  call.stop = () => (clearTimeout(timer), (timer = 0), (again = false));
  return call;
}
