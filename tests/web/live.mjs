// The live page of a running server: wide and narrow, light and dark. Nothing is loaded from elsewhere, nothing is wider than
// the screen, and a keyboard reaches its links.
//
//   node live.mjs SERVER FOLDER

import assert from "node:assert/strict";
import { join } from "node:path";

import { Chromium, until } from "./chromium.mjs";

const [server, out] = process.argv.slice(2);
const SCREENS = [
  { name: "live-wide", width: 1280, height: 1500, scheme: "dark" },
  { name: "live-phone", width: 390, height: 1800, scheme: "light" },
];

const browser = await Chromium.launch();
try {
  for (const { name, width, height, scheme } of SCREENS) {
    const page = await browser.page("about:blank", { width, height });
    await page.call("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    await page.call("Page.navigate", { url: `${server}/` });
    await until("some seconds are drawn", () => page.eval("Number(document.body?.dataset.seen ?? 0) >= 4"));
    await page.sees("#state", /takes players/);
    const [inner, scrolled] = await page.eval("[innerWidth, document.documentElement.scrollWidth]");
    assert.ok(scrolled <= inner, `${name}: ${scrolled} pixels are wider than the screen of ${inner}`);
    const labels = await page.eval(`[...document.querySelectorAll("svg")].map((picture) => picture.getAttribute("aria-label"))`);
    assert.ok(labels.length === 4 && labels.every((label) => label.match(/: .*\d/)), `${labels}`);
    const links = await page.eval(`document.querySelectorAll("#rooms a").length`);
    if (links) {
      await page.eval(`document.querySelector("#phase").focus()`);
      for (const type of ["rawKeyDown", "keyUp", "rawKeyDown", "keyUp"]) {
        await page.call("Input.dispatchKeyEvent", { type, key: "Tab", code: "Tab", windowsVirtualKeyCode: 9 });
      }
      assert.equal(await page.eval("document.activeElement.tagName"), "A", "Tab leads to the rooms");
    }
    await page.screenshot(join(out, `${name}.png`));
    const foreign = page.requests.filter((url) => !url.startsWith(`${server}/`) && !url.startsWith("data:") && url !== "about:blank");
    assert.deepEqual([foreign, page.errors], [[], []], name);
    await page.close();
  }
} finally {
  await browser.close();
}
console.log("the live page is drawn on both screens");
