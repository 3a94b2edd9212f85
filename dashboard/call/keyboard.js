// The keys of the player. Single letters can be switched off, as WCAG 2.1.4 asks: speech input types letters by mistake.

import { html } from "../ui.js";

const STORED = "callstore.letters";

/** Keys, what they are called, and what they do. */
export const KEYS = [
  ["Space or K", "Play and pause"],
  ["← →", "5 seconds back and on"],
  ["J L", "10 seconds back and on"],
  ["Shift ← →", "The word before and after"],
  ["Home End", "Begin and end"],
  ["< >", "Slower and faster"],
  ["S", "Skip silence"],
  ["0 1 2", "Hear both, the caller, the agent"],
  ["+ − Z", "Zoom in, out, show the whole call"],
  ["I O", "Begin and end of the part to download"],
  ["C", "Copy a link to this moment"],
];

export function lettersAreOn() {
  try {
    return localStorage.getItem(STORED) !== "off";
  } catch {
    return true; // Storage is blocked.
  }
}

function setLetters(on) {
  try {
    if (on) localStorage.removeItem(STORED);
    else localStorage.setItem(STORED, "off");
  } catch {
    // Then they stay on.
  }
}

/** Whether the focus is where keys have a meaning of their own. */
const isTyping = (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog");

/**
 * Hands keys to `player`: `toggle`, `by(seconds)`, `word(direction)`, `to("begin" | "end")`, `faster(steps)`, `skip`,
 * `solo(track)`, `zoom(factor)`, `fit`, `part("start" | "end")`, `link`. Returns a function that ends it.
 */
export function listen(player) {
  const plain = {
    ArrowLeft: () => player.by(-5),
    ArrowRight: () => player.by(5),
    Home: () => player.to("begin"),
    End: () => player.to("end"),
  };
  const letters = {
    " ": player.toggle,
    k: player.toggle,
    j: () => player.by(-10),
    l: () => player.by(10),
    "<": () => player.faster(-1),
    ">": () => player.faster(1),
    s: player.skip,
    0: () => player.solo(null),
    1: () => player.solo("inbound"),
    2: () => player.solo("outbound"),
    "+": () => player.zoom(0.5),
    "=": () => player.zoom(0.5),
    "-": () => player.zoom(2),
    z: player.fit,
    i: () => player.part("start"),
    o: () => player.part("end"),
    c: player.link,
  };
  const pressed = (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target instanceof Element ? event.target : document.body;
    if (isTyping(target)) return;
    const onSlider = target.id === "position";
    // Space presses the focused button, and arrows belong to lists, unless the waveform has the focus.
    if (event.key === " " && !onSlider && target.closest("button, a, summary, input")) return;
    if ((event.key === "Home" || event.key === "End") && !onSlider) return;
    if (event.key.startsWith("Arrow") && target.closest("pre, .scrolls, [type=radio]")) return;
    let work;
    if (event.shiftKey && event.key.startsWith("Arrow")) {
      work = { ArrowLeft: () => player.word(-1), ArrowRight: () => player.word(1) }[event.key];
    } else {
      const letter = letters[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      work = plain[event.key] ?? (onSlider || lettersAreOn() ? letter : undefined);
    }
    if (!work) return;
    event.preventDefault();
    work();
  };
  document.addEventListener("keydown", pressed);
  return () => document.removeEventListener("keydown", pressed);
}

/** The list of keys, and the switch. */
export const help = () => html`
    <dl class="keys">${KEYS.map(([keys, what]) => html`<div><dt><kbd>${keys}</kbd></dt><dd>${what}</dd></div>`)}</dl>
    <label>
      <input type="checkbox" role="switch" ?checked=${lettersAreOn()} @change=${(event) => setLetters(event.target.checked)} />
      Keys work everywhere on this page. Off: only while the waveform has the focus, and arrows.
    </label>
`;
