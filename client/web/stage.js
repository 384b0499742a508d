// The canvas: shows view frames 100 ms behind, and gathers keys, mouse and touches for inputs.

/** An element with these properties. */
export const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

/** Colours of the seats, as in the window. */
export const COLORS = "4cc3ff ffb938 ff6b5e 77e068 b58cff ff8fce 3fe0cb f6ef72 e0803c 5f7dff b9f03c db5cf0 c9a07c 93adc2 ff4a86 2c9e94"
  .split(" ")
  .map((hex) => `#${hex}`);

const BEHIND_S = 0.1;
const PAUSE_S = 0.3;
/** Arrivals that tell the time of the room. */
const ARRIVALS = 60;
/** Frames that are kept: a hidden page draws none. */
const FRAMES_MAX = 30;
/** Full deflection of a stick. */
const STICK_PX = 48;

/** Draws a room with the game's module, and makes its inputs. */
export class Stage {
  #frames = [];
  #offsets = [];
  #keys = new Set();
  #tapped = new Set();
  #pointer = { x: null, y: null, first: false, second: false, sticks: [null, null] };
  #canvas;
  #view;
  /** For the game's `draw`: see README.md. */
  context;

  /** `view` is the game's module; `players` has `color` and `name` of a seat. */
  constructor(canvas, view, players) {
    this.#canvas = canvas;
    this.#view = view;
    const paint = canvas.getContext("2d", { alpha: false });
    this.context = { paint, ...players, own: null, tickRate: 30, inset: { top: 56, right: 0, bottom: 0 } };
    this.#listen();
    requestAnimationFrame(() => this.#draw());
  }

  /** Forgets all frames: there is another match. */
  clear() {
    this.#frames = [];
    this.#offsets = [];
  }

  /** Takes a view frame. */
  take(tick, bytes) {
    const last = this.#frames.at(-1)?.tick;
    if (tick < last) this.clear();
    if (tick === last) this.#frames.pop();
    this.#frames.push(Object.assign(this.#view.decode(bytes), { tick }));
    if (this.#frames.length > FRAMES_MAX) this.#frames.shift();
    const offset = performance.now() / 1000 - tick / this.context.tickRate;
    // The match stood still, as in a countdown.
    if (offset > this.#offsets.at(-1) + PAUSE_S) this.#offsets = [];
    this.#offsets.push(offset);
    if (this.#offsets.length > ARRIVALS) this.#offsets.shift();
  }

  /** Seconds until the match is over, if the game tells them. */
  get secondsLeft() {
    return this.#frames[0]?.secondsLeft;
  }

  /** The player's input of this tick: 8 bytes. */
  input() {
    const keys = new Set([...this.#keys, ...this.#tapped]);
    this.#tapped.clear();
    return this.#view.input(keys, this.#pointer);
  }

  #draw() {
    requestAnimationFrame(() => this.#draw());
    if (!this.#canvas.clientWidth) return;
    this.#fit();
    this.context.seconds = performance.now() / 1000;
    // The fastest frames tell when a tick was; others were held up on their way.
    const offset = Math.min(...this.#offsets);
    const tick = (this.context.seconds - offset - BEHIND_S) * this.context.tickRate;
    while (this.#frames.length > 2 && this.#frames[1].tick <= tick) this.#frames.shift();
    const [previous, next] = this.#frames;
    const frame = next ?? previous ?? null;
    const alpha = next ? (tick - previous.tick) / (next.tick - previous.tick) : 1;
    this.#view.draw(this.context, frame, next ? previous : null, Math.min(1, Math.max(0, alpha)));
  }

  #fit() {
    const ratio = Math.min(2, devicePixelRatio || 1);
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const size = { width: Math.round(width * ratio), height: Math.round(height * ratio) };
    if (this.#canvas.width !== size.width || this.#canvas.height !== size.height) Object.assign(this.#canvas, size);
    Object.assign(this.context, { width, height, ratio });
    this.context.paint.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  // --- Keys, mouse, touches

  #listen() {
    addEventListener("keydown", (event) => {
      const isElsewhere = /^(INPUT|BUTTON)$/.test(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey;
      if (!isElsewhere && this.context.own !== null) this.press(event.code, true);
    });
    addEventListener("keyup", (event) => this.press(event.code, false));
    addEventListener("blur", () => {
      this.#keys.clear();
      this.#tapped.clear();
      Object.assign(this.#pointer, { first: false, second: false });
    });
    this.#canvas.onpointermove = this.#canvas.onpointerdown = (event) => this.#point(event);
    addEventListener("pointerup", (event) => this.#point(event));
    this.#canvas.oncontextmenu = (event) => event.preventDefault();
  }

  /** Holds or releases a key, or a button on the screen that stands for it. */
  press(code, isHeld) {
    if (isHeld) this.#tapped.add(code);
    this.#keys[isHeld ? "add" : "delete"](code);
  }

  #point({ pointerType, clientX: x, clientY: y, buttons }) {
    if (pointerType !== "touch") Object.assign(this.#pointer, { x, y, first: (buttons & 1) > 0, second: (buttons & 2) > 0 });
  }

  /** Puts the game's sticks and buttons on the screen. */
  addTouchControls(layer) {
    const { sticks = [], buttons = [] } = this.#view.touch ?? {};
    sticks.forEach((label, index) => layer.append(this.#stick(label, index)));
    for (const [code, label] of buttons) {
      const button = make("button", { textContent: label });
      button.onpointerdown = () => this.press(code, true);
      button.onpointerup = button.onpointercancel = button.onpointerleave = () => this.press(code, false);
      layer.append(button);
    }
  }

  #stick(label, index) {
    const stick = make("div", { className: "stick", ariaLabel: label });
    const knob = make("u");
    stick.append(knob, make("span", { textContent: label }));
    const put = (place) => {
      this.#pointer.sticks[index] = place;
      knob.style.transform = place ? `translate(${place.x * STICK_PX}px, ${-place.y * STICK_PX}px)` : "";
    };
    stick.onpointerdown = (event) => (stick.setPointerCapture(event.pointerId), stick.onpointermove(event));
    stick.onpointermove = ({ pointerId, clientX, clientY }) => {
      if (!stick.hasPointerCapture(pointerId)) return;
      const box = stick.getBoundingClientRect();
      const [x, y] = [clientX - box.left - box.width / 2, box.top + box.height / 2 - clientY];
      const scale = 1 / Math.max(STICK_PX, Math.hypot(x, y));
      put({ x: x * scale, y: y * scale });
    };
    stick.onpointerup = stick.onpointercancel = () => put(null);
    return stick;
  }
}
