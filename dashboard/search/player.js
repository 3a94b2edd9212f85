// The one player of a page of hits. It fetches only what is heard: the element asks the service for ranges of bytes.

import { mediaLink } from "../api.js";

/**
 * @param changed is called when what it plays has changed.
 * @returns `playing`, the hit with its `id`; `element`, to be shown beside it; `problem`; `play` and `stop`.
 */
export function player(changed) {
  const element = document.createElement("audio");
  element.controls = true;
  element.preload = "metadata";
  const sound = { element, playing: null, problem: "", play, stop };
  element.addEventListener("error", () => {
    if (!sound.playing || !element.getAttribute("src")) return;
    sound.problem = "The recording cannot be played. Try again, or download it on the call's page.";
    changed();
  });
  return sound;

  async function play(id, recordingId, start) {
    stop();
    const mine = { id };
    sound.playing = mine;
    sound.problem = "";
    element.setAttribute("aria-label", "Recording, from the hit on");
    changed();
    try {
      const link = await mediaLink(recordingId);
      if (sound.playing !== mine) return;
      element.src = link;
      // Set before anything is loaded, it is where the element begins.
      element.currentTime = Math.max(0, start);
      await element.play();
    } catch (error) {
      // A browser that plays nothing without a click shows its controls; loading something else is no failure.
      if (sound.playing !== mine || ["NotAllowedError", "AbortError"].includes(error.name)) return;
      sound.problem = error.message;
      changed();
    }
  }

  function stop() {
    if (!sound.playing) return;
    sound.playing = null;
    element.pause();
    element.removeAttribute("src");
    element.load();
    changed();
  }
}
