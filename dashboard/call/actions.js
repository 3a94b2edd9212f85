// What can be done to a call: end it, try a failed one again, delete it.

import { bytes, clock, count } from "../format.js";
import { go, href } from "../router.js";
import { announce, confirmed, html, nothing } from "../ui.js";

/** What goes with a call, in words: a deletion names what it takes. */
function belongings(state) {
  const { call, recording, transcripts, snapshots, events } = state;
  const parts = [
    recording && `its recording of ${clock(recording.duration)} (${bytes(recording.sizeBytes)})`,
    !recording && state.peaks && "its stored audio",
    transcripts.length > 0 && count(transcripts.length, "transcript"),
    snapshots.length > 0 && count(snapshots.length, "analytics snapshot"),
    state.computed && "the computed figures",
    call.metadata && "its metadata",
    events.length > 0 && count(events.length, "key or mark", "keys and marks"),
  ].filter(Boolean);
  return parts.length ? new Intl.ListFormat("en").format(parts) : "the call, which has no content";
}

/** The buttons. `failed` is told an error. */
export function actions(state, failed) {
  const { call, source } = state;
  const attempt = (work) => async () => {
    try {
      await work();
    } catch (error) {
      failed(error);
    }
  };
  const end = attempt(async () => {
    const sure = await confirmed({
      title: "End this call?",
      text: "The service takes no more audio of it, and makes the recording. The phone call itself goes on: only its recording ends.",
      action: "End call",
    });
    if (sure) await source.end();
  });
  const retry = attempt(async () => {
    await source.end();
    announce("The recording is being made again.");
  });
  const remove = attempt(async () => {
    const sure = await confirmed({
      title: `Delete the call of ${call.caller}?`,
      text: `This deletes ${belongings(state)}. It cannot be undone.`,
      action: "Delete call",
    });
    if (!sure) return;
    await source.remove();
    announce("The call was deleted.");
    go(href(["calls"]));
  });
  return html`
    <div class="row">
      ${call.status === "active" ? html`<button type="button" class="secondary" data-action="end" @click=${end}>End call</button>` : nothing}
      ${call.status === "failed" ? html`<button type="button" data-action="retry" @click=${retry}>Make the recording again</button>` : nothing}
      <button type="button" class="danger" data-action="delete" @click=${remove}>Delete call …</button>
    </div>
  `;
}
