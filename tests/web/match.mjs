// Two browsers, two native bots and one spectator in one match: all of them see the same results.
//
//   node match.mjs SERVER BOTS FOLDER      addresses of a running server with short matches, and of the program of bots
//
// Writes screenshots into FOLDER, prints what was measured, and fails when something is not as it should be.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";

import { connect } from "../../client/web/framehouse.js";
import { Chromium, until } from "./chromium.mjs";

const BYTES_MAX = 60 * 1024;
const VIEW_BYTES_PER_S_MAX = 6 * 1024;
/** Seats of the room of the bots: no other one has as many. */
const SEATS = 5;
const DESKTOP = { width: 1280, height: 720 };
const PHONE = { width: 390, height: 844, phone: true };
const TURNED_PHONE = { width: 844, height: 390, phone: true };

const [server, bots, folder] = process.argv.slice(2);
const picture = (name) => join(folder, `${name}.png`);

/** Runs a part of the test on a browser that is closed afterwards, whatever happens. */
async function withChromium(run) {
  const browser = await Chromium.launch();
  try {
    await run(browser);
  } finally {
    await browser.close();
  }
}

/** Starts two bots, which play match after match in a room with more seats; returns the room's code. */
async function startBots() {
  const flags = ["--server", server, "--rooms", "1", "--players", "2", "--seats", String(SEATS), "--seconds", "150", "--json"];
  const program = spawn(bots, flags, { stdio: ["ignore", "inherit", "inherit"] });
  process.on("exit", () => program.kill());
  const room = await until("the bots are in a room", async () => {
    const { rooms } = await (await fetch(`${server}/v1/rooms`)).json();
    return rooms.find(({ players, seats }) => players === 2 && seats === SEATS);
  });
  return { code: room.code, ended: new Promise((resolve) => program.once("exit", resolve)) };
}

/** The game's module, as the server has it. */
const view = await import(`data:text/javascript,${encodeURIComponent(await (await fetch(`${server}/web/view.js`)).text())}`);

/** A spectator in Node, by the module alone; notes the view frames of the running match. */
async function watch(code) {
  const house = await connect(server, { name: "Eve" });
  const seen = { house, bytes: 0, frames: 0, ticks: 0, last: 0, frame: null, results: null };
  house.on("view_frame", ({ frame_id, data }) => {
    seen.frame = view.decode(data);
    if (house.room.phase.name !== "playing") return;
    seen.bytes += JSON.stringify({ type: "view_frame", payload: { match_no: 1, frame_id, data: "" } }).length + 4 * Math.ceil(data.length / 3);
    seen.frames++;
    // Not the first frame of a match.
    if (frame_id > seen.last && seen.frames > 1) seen.ticks += frame_id - seen.last;
    seen.last = frame_id;
  });
  house.on("results", (results) => (seen.results = results));
  await house.join({ code, watch: true, view: true });
  return seen;
}

/** Opens the page of a room. */
async function open(browser, code, screen) {
  const page = await browser.page(`${server}/r/${code}`, screen);
  await page.sees("#play");
  return page;
}

/** Takes a seat, in the lobby or in a running match. */
async function play(page, name) {
  await page.click("#name");
  await page.eval(`document.querySelector("#name").select()`);
  await page.type(name);
  await page.click("#play");
  await until(`${name} has a seat`, async () => (await page.text("#leave")) ?? (await page.text("#away")));
}

/** Waits for a running match with everybody in it; in the lobby the pages are made ready. */
async function untilMatch(pages) {
  await until("a match runs with both pages", async () => {
    for (const page of pages) if ((await page.text("#ready")) === "Ready") await page.click("#ready");
    const boards = await Promise.all(pages.map((page) => page.text("#board")));
    return boards.every((board) => /Ada/.test(board) && /Bob/.test(board));
  }, 90);
}

/** Pictures of a lobby with both pages in it. */
async function lobby(browser) {
  const host = await connect(server, { name: "Hana" });
  const { code } = await host.join({ create: { size: 4 } });
  const pages = [await open(browser, code, DESKTOP), await open(browser, code, PHONE)];
  await play(pages[0], "Ada");
  await play(pages[1], "Bob");
  await pages[0].click("#talk");
  await pages[0].click("#line");
  await pages[0].type("Hello, 世界!");
  await pages[0].click("#send");
  await pages[0].sees("#lines", /Ada Hello/);
  await pages[0].key("Escape", true);
  const isClosed = `document.querySelector("#chat").hidden && document.activeElement.id === "field"`;
  await until("keys steer after the chat", () => pages[0].eval(isClosed));
  await pages[0].click("#talk");
  await pages[1].click("#ready");
  await pages[0].sees("#members", /Bob\s+ready/);
  await pages[0].screenshot(picture("lobby"));
  await pages[1].screenshot(picture("lobby-phone"));
  await pages[1].resize(TURNED_PHONE);
  await pages[1].screenshot(picture("lobby-turned-phone"));
  // The seat is still known after a reload, also under another code.
  host.send("configure", { seats: 4, private: true, economy: false, map: null });
  await until("the room has another code", async () => !(await pages[0].eval("location.pathname")).endsWith(code));
  await pages[0].call("Page.reload");
  await until("Ada has her seat again", () => pages[0].text("#leave"));
  host.send("close_room");
  await pages[1].sees("#notice", /The host closed the room/);
  await pages[1].screenshot(picture("closed-turned-phone"));
  await Promise.all(pages.map((page) => page.close()));
  host.close();
}

/** No name locks a player out: one is refused, one is too long for the server. */
async function names(browser) {
  const host = await connect(server, { name: "Hana" });
  const { code } = await host.join({ create: { size: 4 } });
  const page = await open(browser, code, DESKTOP);
  await page.click("#name");
  await page.type("\u200b");
  await page.click("#play");
  await page.sees("#notice", /visible characters/);
  await page.sees("#play");
  await play(page, "名".repeat(20));
  await page.sees("#members", /(^|\s)名{10}(\s|$)/);
  await page.call("Page.reload");
  await until("the seat is back", () => page.text("#leave"));
  host.send("close_room");
  await page.sees("#notice", /The host closed the room/);
  await page.close();
  host.close();
}

/** The ranking that the page shows, as rows of name and points. */
const ranking = (page) =>
  page.eval(`[...document.querySelectorAll("#members .row")].map((row) => [row.querySelector("span").innerText, Number(row.querySelector("b").innerText)])`);

async function flyDesktop(page) {
  await page.call("Input.dispatchMouseEvent", { type: "mouseMoved", x: 700, y: 300 });
  for (const code of ["KeyD", "Space"]) await page.key(code, true);
  await new Promise((resolve) => setTimeout(resolve, 700));
  await page.key("KeyD", false);
  await page.key("KeyA", true);
}

const flyPhone = async (page) => {
  await page.touch("touchStart", [{ x: 86, y: 754, id: 1 }]);
  await page.touch("touchMove", [{ x: 120, y: 730, id: 1 }]);
};

await withChromium(async (browser) => {
  // A browser's first page also starts its processes.
  const first = await browser.page(`${server}/r/2222`, DESKTOP);
  await first.sees("#notice", /There is no room 2222/);
  await first.close();
  await names(browser);
  await lobby(browser);
  const { code, ended } = await startBots();
  const eve = await watch(code);
  const [ada, bob] = [await open(browser, code, DESKTOP), await open(browser, code, PHONE)];
  const paints = [await ada.firstPaint(), await bob.firstPaint()];
  await ada.sees("#clock", /:/, 60);
  await ada.screenshot(picture("watch"));
  await bob.screenshot(picture("watch-phone"));
  await play(ada, "Ada");
  await play(bob, "Bob");
  await untilMatch([ada, bob]);
  eve.results = null;
  await Promise.all([flyDesktop(ada), flyPhone(bob)]);
  await ada.screenshot(picture("match"));
  await bob.screenshot(picture("match-phone"));
  await bob.resize(TURNED_PHONE);
  await new Promise((resolve) => setTimeout(resolve, 500));
  await bob.screenshot(picture("match-turned-phone"));
  await bob.resize(PHONE);

  await ada.sees("#title", /wins|draw/, 60);
  await bob.sees("#title", /wins|draw/);
  await ada.screenshot(picture("results"));
  await bob.screenshot(picture("results-phone"));
  const results = await until("the spectator has the results", () => eve.results);
  const wanted = results.ranking.map(({ name, points }) => [name, points]);
  assert.equal(wanted.length, 4);
  assert.ok(wanted.some(([name]) => name === "Ada") && wanted.some(([name]) => name === "Bob"));
  assert.deepEqual([await ranking(ada), await ranking(bob)], [wanted, wanted], "all see the same results");
  const drawn = () => results.ranking.every(({ slot, points }) => eve.frame.crafts.get(slot)?.points === points);
  await until("the points in the view frames are those of the results", drawn, 5);

  assert.deepEqual([ada.errors, bob.errors], [[], []], "no error in the pages");
  const origins = new Set([...ada.requests, ...bob.requests].filter((url) => !url.startsWith("data:")).map((url) => new URL(url).host));
  assert.deepEqual([...origins], [new URL(server).host], "no request to a foreign host");
  const size = [...ada.sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
  assert.ok(size <= BYTES_MAX, `the page has ${size} bytes, ${BYTES_MAX} at most`);
  const seconds = eve.ticks / eve.house.room.tick_rate;
  const perSecond = Math.round(eve.bytes / seconds);
  assert.ok(perSecond < VIEW_BYTES_PER_S_MAX, `${perSecond} bytes of view frames a second`);
  console.log(`page: ${size} bytes in ${ada.sizes.size} files, first paint after ${paints.map(Math.round).join(" and ")} ms`);
  console.log(`view frames: ${Math.round(eve.frames / seconds)} and ${perSecond} bytes a second; results: ${wanted.map((row) => row.join(" ")).join(", ")}`);
  eve.house.close();

  await bob.close();
  await ada.close();
  const gone = await browser.page(`${server}/r/2222`, { ...PHONE, language: "zh-CN" });
  await gone.sees("#notice", /2222/);
  await gone.screenshot(picture("gone-phone"));
  assert.equal(await ended, 0, "the bots saw no desync");
});
