// The canvas: shows view frames 100 ms behind, and gathers keys, mouse and touches for inputs.

const BEHIND_S = 0.1;
/** Arrivals that the clock of the room is estimated from. */
const ARRIVALS = 60;
/** Distance of a stick's full deflection, in CSS pixels. */
const STICK_PX = 48;

/** Draws a room with the game's module, and makes its inputs. */
export class Stage {
  /** @type {{tick: number, secondsLeft?: number}[]} */
  #frames = [];
  #offsets = [];
  #keys = new Set();
  #tapped = new Set();
  #pointer = { x: null, y: null, first: false, second: false, sticks: [null, null] };
  #canvas;
  #view;
  /** What the game's `draw` gets: see README.md. */
  context;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {any} view the game's module
   * @param {{color(slot: number): string, name(slot: number): string}} players
   */
  constructor(canvas, view, players) {
    this.#canvas = canvas;
    this.#view = view;
    const paint = canvas.getContext("2d", { alpha: false });
    this.context = { paint, ...players, own: null, tickRate: 30, width: 1, height: 1, ratio: 1, seconds: 0, inset: { top: 56, right: 0, bottom: 0 } };
    this.#listen();
    requestAnimationFrame(() => this.#draw());
  }

  /** Forgets all frames: a new match begins, or the room is another one. */
  clear() {
    this.#frames = [];
    this.#offsets = [];
  }

  /**
   * Takes a view frame.
   * @param {number} tick
   * @param {Uint8Array} bytes
   */
  take(tick, bytes) {
    if (tick < (this.#frames.at(-1)?.tick ?? 0)) this.clear();
    this.#frames.push(Object.assign(this.#view.decode(bytes), { tick }));
    if (this.#frames.length > 60) this.#frames.shift();
    this.#offsets.push(performance.now() / 1000 - tick / this.context.tickRate);
    if (this.#offsets.length > ARRIVALS) this.#offsets.shift();
  }

  /** Seconds until the match is over, if the game tells them. @returns {number | undefined} */
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
    this.#fit();
    this.context.seconds = performance.now() / 1000;
    // The fastest frames of the last seconds tell when a tick was; later ones were held up on their way.
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
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.#canvas.width !== wide || this.#canvas.height !== high) {
      Object.assign(this.#canvas, { width: wide, height: high });
    }
    Object.assign(this.context, { width, height, ratio });
    this.context.paint.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  // --- Keys, mouse, touches

  #listen() {
    const isTyping = (event) => event.target instanceof HTMLInputElement;
    addEventListener("keydown", (event) => {
      if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      // A button that has the focus is not pressed while somebody plays.
      const isButton = event.target instanceof HTMLButtonElement && ["Space", "Enter"].includes(event.code);
      if (this.context.own === null || isButton) return;
      if (/^(Arrow|Space)/.test(event.code)) event.preventDefault();
      this.press(event.code, true);
    });
    addEventListener("keyup", (event) => this.press(event.code, false));
    addEventListener("blur", () => this.#release());
    this.#canvas.addEventListener("pointermove", (event) => this.#point(event));
    this.#canvas.addEventListener("pointerdown", (event) => this.#point(event));
    addEventListener("pointerup", (event) => this.#point(event));
    this.#canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  /** Holds or releases a key, also for a button on the screen that stands for it. */
  press(code, isHeld) {
    if (isHeld) this.#tapped.add(code);
    this.#keys[isHeld ? "add" : "delete"](code);
  }

  #release() {
    this.#keys.clear();
    Object.assign(this.#pointer, { first: false, second: false, sticks: [null, null] });
  }

  #point(event) {
    if (event.pointerType === "touch") return;
    const [x, y, held] = [event.clientX, event.clientY, event.buttons];
    Object.assign(this.#pointer, { x, y, first: Boolean(held & 1), second: Boolean(held & 2) });
  }

  /** Puts the game's sticks and buttons on the screen. */
  addTouchControls(layer) {
    const { sticks = [], buttons = [] } = this.#view.touch ?? {};
    sticks.forEach((label, index) => layer.append(this.#stick(label, index)));
    for (const [code, label] of buttons) {
      const button = Object.assign(document.createElement("button"), { textContent: label });
      button.addEventListener("pointerdown", () => this.press(code, true));
      for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
        button.addEventListener(end, () => this.press(code, false));
      }
      layer.append(button);
    }
  }

  #stick(label, index) {
    const [stick, knob, words] = ["div", "u", "span"].map((name) => document.createElement(name));
    stick.className = "stick";
    stick.setAttribute("role", "application");
    stick.setAttribute("aria-label", label);
    words.textContent = label;
    stick.append(knob, words);
    const move = (event) => {
      const box = stick.getBoundingClientRect();
      const [x, y] = [event.clientX - box.left - box.width / 2, box.top + box.height / 2 - event.clientY].map((d) => d / STICK_PX);
      const scale = 1 / Math.max(1, Math.hypot(x, y));
      this.#pointer.sticks[index] = { x: x * scale, y: y * scale };
      knob.style.transform = `translate(${x * scale * STICK_PX}px, ${-y * scale * STICK_PX}px)`;
    };
    stick.addEventListener("pointerdown", (event) => (stick.setPointerCapture(event.pointerId), move(event)));
    stick.addEventListener("pointermove", (event) => stick.hasPointerCapture(event.pointerId) && move(event));
    for (const end of ["pointerup", "pointercancel"]) {
      stick.addEventListener(end, () => ((this.#pointer.sticks[index] = null), (knob.style.transform = "")));
    }
    return stick;
  }
}
