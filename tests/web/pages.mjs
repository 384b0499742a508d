// What open live pages cost a running server: the durations of its ticks without and with them, and what the pages look like.
//
//   node pages.mjs SERVER FOLDER ROOMS [PAGES] [SECONDS]      20 pages, and 30 s each, if nothing else is said
//
// It begins when ROOMS rooms of the server are full.
//
// The browser needs processors of its own: what it takes from the server is not what the pages cost.

import assert from "node:assert/strict";
import { join } from "node:path";

import { Chromium, until } from "./chromium.mjs";

const [server, out, rooms, pages = "20", seconds = "30"] = process.argv.slice(2);
const PARTS = [["50 %", 0.5], ["99 %", 0.99], ["99.9 %", 0.999], ["all", 1]];
const SHOTS = [
  { name: "pages-1280", width: 1280, height: 720 },
  { name: "pages-390", width: 390, height: 844 },
];

const status = async () => (await fetch(`${server}/v1/status`)).json();

/** Upper bound of the part of the values that came between two readings, in milliseconds. */
function quantile(before, after, part) {
  const old = new Map(before.buckets);
  const grown = after.buckets.map(([upper, count]) => [upper, count - (old.get(upper) ?? 0)]);
  let left = grown.reduce((sum, [, count]) => sum + count, 0) * part;
  for (const [upper, count] of grown) {
    left -= count;
    if (count > 0 && left <= 0) return upper / 1000;
  }
  return NaN;
}

/** Ticks of some seconds. */
async function measure(what) {
  const before = await status();
  await new Promise((resolve) => setTimeout(resolve, 1000 * Number(seconds)));
  const after = await status();
  const of = (name) => PARTS.map(([part, share]) => `${part} ${quantile(before[name], after[name], share).toFixed(2)}`).join(", ");
  const load = (after.tick_thread_us - before.tick_thread_us) / (after.uptime_s - before.uptime_s) / 10_000;
  assert.ok(after.rooms >= 0.9 * Number(rooms), `${what}: only ${after.rooms} rooms are left: this machine is too slow for them`);
  console.log(`${what}: ${after.rooms} rooms, ${after.players} players, ${after.tick - before.tick} ticks`);
  console.log(`  duration in ms: ${of("tick_us_all")}; late start in ms: ${of("tick_start_us")}`);
  console.log(`  tick thread ${load.toFixed(1)} %, ticks skipped ${after.dropped_ticks - before.dropped_ticks}`);
}

await until(`${rooms} rooms are full`, async () => (await status()).players >= 4 * Number(rooms), 120);
await measure("without pages");
const browser = await Chromium.launch();
try {
  const open = [];
  for (let number = 0; number < Number(pages); number++) {
    const { width, height } = SHOTS[number % SHOTS.length];
    open.push(await browser.page(`${server}/`, { width, height }));
  }
  for (const page of open) await until("a page shows its plots", () => page.eval("Number(document.body?.dataset.seen ?? 0) >= 2"), 60);
  await measure(`with ${pages} pages`);
  // One page of each size also draws a room.
  for (const [number, { name }] of SHOTS.entries()) {
    const page = open[number];
    if (!page) continue;
    await page.call("Page.bringToFront");
    await page.screenshot(join(out, `${name}.png`));
    await page.eval(`location.hash = document.querySelector("#rooms a")?.textContent ?? ""`);
    await page.sees("#members tbody tr");
    await page.screenshot(join(out, `${name}-room.png`));
    const [inner, scrolled] = await page.eval("[innerWidth, document.documentElement.scrollWidth]");
    assert.ok(scrolled <= inner, `${name}: ${scrolled} pixels are wider than the screen of ${inner}`);
  }
  await measure(`with ${pages} pages, of which two draw a room`);
  assert.deepEqual(open.flatMap((page) => page.errors), []);
} finally {
  await browser.close();
}
