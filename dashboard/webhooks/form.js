// The form of a new webhook.

import { html } from "../ui.js";
import { formDialog } from "../keys/dialogs.js";

/** The events that there are, by what they are about. */
const TYPES = {
  "call.*": "Calls: started, updated, ended, completed, failed, deleted",
  "recording.*": "Recordings: ready, redacted, deleted",
  "transcript.*": "Transcripts",
  "analytics.*": "Analytics",
  "metadata.updated": "Metadata",
  "stream.*": "Streams: connected, disconnected, rejected",
};

/** The form. `work` creates the webhook. */
export function creation(close, work) {
  const fields = html`
    <label>URL <input name="url" type="url" required maxlength="2048" autocomplete="off" placeholder="https://example.com/hooks" /></label>
    <label>Description <input name="description" type="text" maxlength="256" autocomplete="off" /></label>
    <fieldset>
      <legend>Events</legend>
      ${Object.entries(TYPES).map(([name, label]) => html`<label><input type="checkbox" name="types" value=${name} /> ${label}</label>`)}
      <small>None ticked: all events.</small>
    </fieldset>
    <label><input type="checkbox" name="data" /> Send the data itself, with callers and texts, not only ids and states</label>
  `;
  const content = (form) => ({
    url: form.get("url").trim(),
    ...(form.getAll("types").length > 0 && { types: form.getAll("types") }),
    ...(form.get("data") && { includeData: true }),
    ...(form.get("description").trim() && { description: form.get("description").trim() }),
  });
  return formDialog({ title: "Add a webhook", fields, action: "Add", content }, close, work);
}
