// The live page of a running server: wide and narrow, light and dark, and a room on it that is drawn live. Nothing is loaded
// from elsewhere, nothing is wider than the screen, and a keyboard reaches its links.
//
//   node live.mjs SERVER FOLDER [TOKEN_FILE]      with the admin token also what only an operator sees

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { Chromium, until } from "./chromium.mjs";

const [server, out, tokenFile] = process.argv.slice(2);
const SCREENS = [
  { name: "live-wide", width: 1280, height: 1500, scheme: "dark" },
  { name: "live-phone", width: 390, height: 1800, scheme: "light" },
];

/** Whether something is drawn in the canvas: its pixels differ. */
const IS_DRAWN = `(() => {
  const canvas = document.querySelector("#arena");
  if (!canvas.width) return false;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const colors = new Set();
  for (let at = 0; at < data.length; at += 4 * 97) colors.add(data[at] << 16 | data[at + 1] << 8 | data[at + 2]);
  return colors.size > 8;
})()`;

async function press(page, key, windowsVirtualKeyCode) {
  for (const type of ["keyDown", "keyUp"]) {
    await page.call("Input.dispatchKeyEvent", { type, key, code: key, windowsVirtualKeyCode, text: key === "Enter" && type === "keyDown" ? "\r" : undefined });
  }
}

async function fits(page, name) {
  const [inner, scrolled] = await page.eval("[innerWidth, document.documentElement.scrollWidth]");
  assert.ok(scrolled <= inner, `${name}: ${scrolled} pixels are wider than the screen of ${inner}`);
}

/** Opens the first room by keyboard, and closes it again. */
async function room(page, name) {
  await page.eval(`document.querySelector("#rooms a").focus()`);
  await press(page, "Enter", 13);
  await page.sees("#room-state", /lobby|loading|countdown|playing|results/);
  await page.sees("#members tbody tr");
  await until("the match is drawn", () => page.eval(IS_DRAWN));
  await fits(page, `${name} with a room`);
  await page.screenshot(join(out, `${name}-room.png`));
  await page.eval(`document.querySelector("#room-close").focus()`);
  await press(page, "Enter", 13);
  await until("the room is closed", async () => (await page.text("#room")) === null);
}

/** Shows what only holders of the token see. */
async function operator(page, name) {
  const token = (await readFile(tokenFile, "utf8")).trim();
  const Authorization = `Basic ${Buffer.from(`operator:${token}`).toString("base64")}`;
  await page.call("Network.setExtraHTTPHeaders", { headers: { Authorization } });
  await page.eval(`document.querySelector("#private").click()`);
  await page.sees("#private-state", /are shown/);
  await page.eval(`document.querySelector("#rooms a").click()`);
  await page.sees("#members thead", /Cheat signals/);
  await page.screenshot(join(out, `${name}-operator.png`));
}

const browser = await Chromium.launch();
try {
  for (const { name, width, height, scheme } of SCREENS) {
    const page = await browser.page("about:blank", { width, height });
    await page.call("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    await page.call("Page.navigate", { url: `${server}/` });
    await until("some seconds are drawn", () => page.eval("Number(document.body?.dataset.seen ?? 0) >= 4"));
    await page.sees("#state", /takes players/);
    await fits(page, name);
    const labels = await page.eval(`[...document.querySelectorAll("svg")].map((picture) => picture.getAttribute("aria-label"))`);
    assert.ok(labels.length === 4 && labels.every((label) => label.match(/: .*\d/)), `${labels}`);
    await page.screenshot(join(out, `${name}.png`));
    if (await page.eval(`document.querySelectorAll("#rooms a").length`)) {
      await page.eval(`document.querySelector("#private").focus()`);
      await press(page, "Tab", 9);
      await press(page, "Tab", 9);
      assert.equal(await page.eval("document.activeElement.tagName"), "A", "Tab leads to the rooms");
      await room(page, name);
      if (tokenFile) await operator(page, name);
    }
    const own = [server, server.replace("http", "ws"), "data:", "about:blank"];
    const foreign = page.requests.filter((url) => !own.some((start) => url.startsWith(start)));
    assert.deepEqual([foreign, page.errors], [[], []], name);
    await page.close();
  }
} finally {
  await browser.close();
}
console.log("the live page is drawn on both screens");
