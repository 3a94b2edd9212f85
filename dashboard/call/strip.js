// A strip of the timeline: a canvas as wide as its place, and the line that marks the position.

/** Colours come from the style sheet, so that dark and light, and forced colours, are decided in one place. */
const COLOURS = [
  "caller",
  "agent",
  "silence",
  "overlap",
  "interruption",
  "latency",
  "event",
  "gap",
  "rule",
  "text",
  "back",
  "select",
];

/** The colours of the timeline as the style sheet has them now. */
export function coloursOf(element) {
  const style = getComputedStyle(element);
  return Object.fromEntries(COLOURS.map((name) => [name, style.getPropertyValue(`--call-${name}`).trim()]));
}

/** Draws with `draw(context, size, colours)` whenever its size changes or `redraw` is called, once a frame. */
export class Strip {
  /** @param {string} name its class, which sets its height */
  constructor(name, draw) {
    this.element = document.createElement("div");
    this.element.className = `strip ${name}`;
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("aria-hidden", "true");
    this.needle = document.createElement("i");
    this.needle.className = "needle";
    this.element.append(this.canvas, this.needle);
    this.#draw = draw;
    this.#observer.observe(this.element);
  }

  #draw;
  #frame = 0;
  #observer = new ResizeObserver(() => this.redraw());

  get width() {
    return this.element.clientWidth;
  }

  redraw() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paint();
    });
  }

  #paint() {
    const { canvas } = this;
    const [width, height] = [this.element.clientWidth, this.element.clientHeight];
    if (!width || !height) return;
    const ratio = window.devicePixelRatio || 1;
    const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== across || canvas.height !== down) [canvas.width, canvas.height] = [across, down];
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    this.#draw(context, { width, height }, coloursOf(this.element));
  }

  /** Puts the line at a share of the width; outside 0 to 1 there is none. */
  mark(share) {
    const hidden = share < 0 || share > 1;
    this.needle.hidden = hidden;
    if (!hidden) this.needle.style.transform = `translateX(${share * this.width}px)`;
  }

  stop() {
    this.#observer.disconnect();
    cancelAnimationFrame(this.#frame);
  }
}
