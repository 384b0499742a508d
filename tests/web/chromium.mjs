// Drives a headless Chromium over the DevTools protocol.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until `look` returns something, or fails with this sentence. */
export async function until(what, look, seconds = 20) {
  for (const end = Date.now() + 1000 * seconds; Date.now() < end; await sleep(50)) {
    const found = await look();
    if (found) return found;
  }
  throw new Error(`not within ${seconds} s: ${what}`);
}

/** A running Chromium. */
export class Chromium {
  #process;
  #folder;
  #socket;
  #calls = new Map();
  #listeners = new Map();
  #last = 0;

  static async launch() {
    const browser = new Chromium();
    browser.#folder = await mkdtemp(join(tmpdir(), "framehouse-web-"));
    const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--mute-audio", "--no-first-run", "--remote-debugging-port=0"];
    const program = process.env.CHROMIUM ?? "chromium";
    browser.#process = spawn(program, [...flags, `--user-data-dir=${browser.#folder}`, "about:blank"], { stdio: "ignore" });
    const file = join(browser.#folder, "DevToolsActivePort");
    const text = await until("Chromium starts", () => readFile(file, "utf8").catch(() => ""));
    const [port, path] = text.split("\n");
    browser.#socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
    await new Promise((resolve, reject) => Object.assign(browser.#socket, { onopen: resolve, onerror: reject }));
    browser.#socket.onmessage = ({ data }) => browser.#take(JSON.parse(data));
    return browser;
  }

  #take({ id, sessionId, method, params, result, error }) {
    if (!id) return this.#listeners.get(sessionId)?.(method, params);
    const { resolve, reject } = this.#calls.get(id);
    this.#calls.delete(id);
    if (error) reject(new Error(error.message));
    else resolve(result);
  }

  call(method, params = {}, sessionId = undefined) {
    const id = ++this.#last;
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    return new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject }));
  }

  /**
   * Opens a page with a storage of its own.
   * @param {string} url
   * @param {{width: number, height: number, phone?: boolean, language?: string}} screen
   */
  async page(url, screen) {
    const { browserContextId } = await this.call("Target.createBrowserContext");
    const { targetId } = await this.call("Target.createTarget", { url: "about:blank", browserContextId });
    const { sessionId } = await this.call("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page((method, params) => this.call(method, params, sessionId));
    this.#listeners.set(sessionId, (method, params) => page.listen(method, params));
    await page.open(url, screen);
    return page;
  }

  async close() {
    this.#socket.close();
    this.#process.kill();
    await new Promise((resolve) => this.#process.once("exit", resolve));
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A page of the browser. */
export class Page {
  /** Addresses of all requests, and sizes of all answers by address. */
  requests = [];
  sizes = new Map();
  /** Errors of the page: exceptions, refused requests, and what its console says is wrong. */
  errors = [];
  #paths = new Map();

  constructor(call) {
    this.call = call;
  }

  async open(url, screen) {
    const { phone, language = "en" } = screen;
    for (const part of ["Page", "Network", "Runtime", "Log"]) await this.call(`${part}.enable`);
    await this.resize(screen);
    if (phone) await this.call("Emulation.setTouchEmulationEnabled", { enabled: true, maxTouchPoints: 5 });
    await this.call("Emulation.setUserAgentOverride", { userAgent: "test", acceptLanguage: language });
    await this.call("Page.navigate", { url });
  }

  listen(method, params) {
    if (method === "Network.requestWillBeSent") {
      this.requests.push(params.request.url);
      this.#paths.set(params.requestId, new URL(params.request.url).pathname);
    }
    if (method === "Network.webSocketCreated") this.requests.push(params.url);
    if (method === "Network.dataReceived" && this.#paths.has(params.requestId)) {
      const path = this.#paths.get(params.requestId);
      this.sizes.set(path, (this.sizes.get(path) ?? 0) + params.dataLength);
    }
    if (method === "Runtime.exceptionThrown") this.errors.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    if (method === "Log.entryAdded" && params.entry.level === "error") this.errors.push(`${params.entry.text} ${params.entry.url ?? ""}`);
  }

  /** Value of an expression in the page. */
  async eval(expression) {
    const { result, exceptionDetails } = await this.call("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Text of an element that is seen; nothing if it is hidden. */
  text(selector) {
    const element = `document.querySelector(${JSON.stringify(selector)})`;
    return this.eval(`${element}?.checkVisibility() ? ${element}.innerText : null`);
  }

  /** Waits until the page shows an element, with this text if one is given. */
  sees(selector, text, seconds) {
    const looks = async () => (await this.text(selector)) !== null && (text === undefined || (await this.text(selector)).match(text));
    return until(`the page shows ${selector} ${text ?? ""}`, looks, seconds);
  }

  /** Clicks the middle of an element, with a real mouse event. */
  async click(selector) {
    await this.sees(selector);
    const [x, y] = await this.eval(`(() => {
      const box = document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect();
      return [box.x + box.width / 2, box.y + box.height / 2];
    })()`);
    for (const type of ["mousePressed", "mouseReleased"]) {
      await this.call("Input.dispatchMouseEvent", { type, x, y, button: "left", clickCount: 1 });
    }
  }

  /** Types text into the element that has the focus. */
  type(text) {
    return this.call("Input.insertText", { text });
  }

  /** Presses or releases a key: `KeyD`, `Space`. */
  key(code, isDown) {
    return this.call("Input.dispatchKeyEvent", { type: isDown ? "rawKeyDown" : "keyUp", code, key: code });
  }

  /** Touches these points; none ends all touches. */
  touch(type, touchPoints) {
    return this.call("Input.dispatchTouchEvent", { type, touchPoints });
  }

  /** Changes the size of the screen, as when a phone is turned. */
  resize({ width, height, phone = false }) {
    return this.call("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: phone ? 3 : 1, mobile: phone });
  }

  async screenshot(file) {
    const { data } = await this.call("Page.captureScreenshot", { format: "png" });
    await writeFile(file, Buffer.from(data, "base64"));
  }

  /** Time from the navigation to the first paint, in milliseconds. */
  firstPaint() {
    return this.eval(`performance.getEntriesByName("first-contentful-paint")[0]?.startTime`);
  }

  close() {
    return this.call("Page.close");
  }
}
