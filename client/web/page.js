// The page /r/CODE: room, lobby, chat and results.

import { connect, newSecret } from "./framehouse.js";
import { COLORS, Stage, make } from "./stage.js";
import { language, reason, say } from "./words.js";
import * as view from "./view.js";

const NAME_BYTES_MAX = 32;
const NOTICE_MS = 6000;
const LINES_MAX = 50;

/** All elements by their ids. */
const at = Object.fromEntries([...document.querySelectorAll("[id]")].map((element) => [element.id, element]));
const server = new URL("..", location.href);
const isTouch = matchMedia("(pointer: coarse)").matches;
const isLow = matchMedia("(max-height: 500px) and (orientation: landscape)");

let code = location.pathname.split("/").at(-1).toUpperCase();
let house = null;
/** Number of connections so far. */
let tries = 0;
let ranking = [];
/** Names of all players, also of those who have left. */
const names = new Map();
/** When the match begins, by `performance.now()`. */
let beginsAt = 0;
/** Timers. */
let inputs = 0;
let fading = 0;

const stage = new Stage(at.field, view, { color: (slot) => COLORS[slot], name: (slot) => names.get(slot) ?? "" });

// --- Kept between visits

function kept(storage, key, value) {
  // A browser may refuse its storage to a page.
  try {
    if (value !== undefined) storage.setItem(`framehouse.${key}`, value);
    return storage.getItem(`framehouse.${key}`);
  } catch {
    return null;
  }
}

const secret = () => kept(localStorage, "secret") ?? kept(localStorage, "secret", newSecret()) ?? undefined;

/** The token of servers that need one: from `#token=..` of the link. The address does not keep it, because it is copied. */
const linked = new URLSearchParams(location.hash.slice(1)).get("token") ?? undefined;
const token = linked ?? kept(sessionStorage, "token") ?? undefined;
if (linked) {
  kept(sessionStorage, "token", linked);
  history.replaceState(null, "", location.pathname);
}

/** The name in the form, as much of it as the server takes. */
function typedName() {
  const name = at.name.value.trim();
  return name.slice(0, new TextEncoder().encodeInto(name, new Uint8Array(NAME_BYTES_MAX)).read);
}

// --- Connection

/** Connects and enters a room, or tells why not. Returns whether it has entered. */
async function enter(request, resume) {
  const number = ++tries;
  house?.close();
  house = null;
  stage.clear();
  tell(null);
  at.play.disabled = true;
  // A spectator has a name that the server has taken before.
  const name = request.watch ? kept(localStorage, "name") : typedName();
  try {
    const next = await connect(server, { name: name || "Guest", secret: secret(), token, resume, view: true });
    if (number !== tries) return next.close();
    house = next;
    follow(next);
    if (!resume) await next.join({ ...request, view: true });
    if (!request.watch) kept(localStorage, "name", name);
    joined(next);
    return true;
  } catch (error) {
    if (number !== tries) return;
    if (resume) return watch();
    // It may be the name: the next try goes without.
    if (error.code === 4001) at.name.value = kept(localStorage, "name", "");
    failed(error, request.watch);
  } finally {
    if (number === tries) at.play.disabled = false;
  }
}

const watch = () => enter({ code, watch: true });

/** Says why, with a way on: another room if this one is closed to the player. */
async function failed(error, isWatching) {
  const why = reason(error, code);
  const isGone = /room|kicked|sent_away|refused|by_operator/.test(error.code) && error.code !== "room_full";
  if (isGone) tell(why, say("otherRoom"), () => enter({ quick: true }));
  else if (isWatching) tell(why, say("tryAgain"), watch);
  else if (await watch()) tell(why);
}

/** Shows what a connection brings, until there is another one. */
function follow(mine) {
  const on = (type, handler) => mine.on(type, (payload) => mine === house && handler(payload, type));
  on("view_frame", ({ frame_id, data }) => {
    try {
      stage.take(frame_id, data);
    } catch {
      tell(say("version_differs"), say("tryAgain"), () => location.reload());
    }
  });
  on("pong", ({ seq }) => (at.ping.textContent = `${Math.round(performance.now() - seq)} ms`));
  on("player_joined", ({ slot, name }) => (names.set(slot, name), line(say("cameIn", name))));
  on("player_left", ({ slot }) => line(say("wentOut", names.get(slot))));
  on("phase", ({ phase }) => enterPhase(phase));
  on("results", (results) => (ranking = results.ranking));
  on("leaderboard", ({ entries }) => at.board.replaceChildren(...entries.slice(0, 10).map(row)));
  on("starts_in", ({ ticks }) => (beginsAt = after(ticks)));
  on("chat", ({ from, name, text }) => line(text, name, from));
  on("draining", () => tell(say("restarting")));
  on("code", () => moved(mine.room));
  on("refused", ({ code: why, reason: message, queue }) => queue || tell(reason({ code: why, message }, code)));
  on("queued", ({ place }) => tell(say("queued", place), null));
  on("lost", () => tell(say("lost"), null));
  on("back", () => joined(mine));
  on("left", ({ code: why, reason: message }) => ended({ code: why, message }));
  on("closed", (error) => ended(error));
  on("*", (_, type) => type !== "view_frame" && render());

  function ended(error) {
    if (error.code === "left" || error.code === 1000) return;
    mine.close();
    stage.context.own = null;
    kept(sessionStorage, "seat", "");
    failed(error, true);
  }
}

function joined({ room }) {
  moved(room);
  names.clear();
  for (const { slot, name } of room.members.values()) names.set(slot, name);
  stage.clear();
  Object.assign(stage.context, { own: room.slot, tickRate: room.tick_rate });
  beginsAt = after(room.starts_in);
  enterPhase(room.phase);
  clearInterval(inputs);
  inputs = room.slot === null ? 0 : setInterval(sendInput, 1000 / room.tick_rate);
  tell(null);
}

/** Another room, or another code of the same. */
function moved(room) {
  code = room.code;
  kept(sessionStorage, "seat", room.resume ? `${code} ${room.resume}` : "");
  history.replaceState(null, "", code);
  document.title = `${say("room", code)} · Framehouse`;
}

function enterPhase({ name, ticks }) {
  if (name === "countdown") beginsAt = after(ticks);
  if (name !== "results") ranking = [];
  if (name !== "loading") return;
  stage.clear();
  at.board.replaceChildren();
  at.chat.hidden = true;
}

/** The time that is so many ticks away. */
const after = (ticks) => performance.now() + (1000 * ticks) / stage.context.tickRate;
const secondsLeft = () => Math.max(0, Math.ceil((beginsAt - performance.now()) / 1000));

function sendInput() {
  const name = house?.room?.phase.name;
  if (name === "playing" || name === "countdown") house.input(stage.input());
}

// --- Around the match

/** Says one sentence: for a while, without end if `button` is `null`, or in front of everything with a way on. */
function tell(sentence, button, act) {
  clearTimeout(fading);
  if (sentence && button === undefined) fading = setTimeout(tell, NOTICE_MS, null);
  at.notice.hidden = sentence === null;
  at.sentence.textContent = sentence;
  Object.assign(at.again, { hidden: !button, textContent: button, onclick: act });
  render();
}

/** A row of a list. */
function row({ slot, name = names.get(slot) ?? "", marks = [], points = "" }) {
  const item = make("li", { className: slot === stage.context.own ? "row own" : "row" });
  item.style.setProperty("--seat", COLORS[slot]);
  const small = marks.map((mark) => make("small", { textContent: mark }));
  item.append(make("i"), make("span", { textContent: name }), ...small, make("b", { textContent: points }));
  return item;
}

function line(text, name, slot) {
  const who = make("b", { textContent: name ? `${name} ` : "" });
  who.style.setProperty("--seat", COLORS[slot] ?? "");
  const words = make("p", { className: name ? "" : "told" });
  words.append(who, text);
  at.lines.append(words);
  while (at.lines.children.length > LINES_MAX) at.lines.firstChild.remove();
  at.lines.scrollTop = at.lines.scrollHeight;
  if (name && at.chat.hidden) at.talk.textContent = `${say("chat")} •`;
}

/** Shows the room as it is now. */
function render() {
  const room = house?.room;
  const phase = room?.phase.name;
  const [own, isMatch] = [room?.slot ?? null, ["loading", "countdown", "playing"].includes(phase)];
  const isReady = room?.members.get(own)?.state === "ready";
  at.code.textContent = code;
  at.ping.hidden = !room;
  const watchers = room?.spectators && innerWidth > 640 ? ` · ${say("watchers", room.spectators)}` : "";
  at.phase.textContent = room ? say(phase === "countdown" ? "loading" : phase) + watchers : "";
  at.room.classList.toggle("bar", isMatch);
  at.entry.hidden = !room || own !== null;
  at.title.textContent = ranking.length ? winner() : say(room ? "room" : "connecting", code);
  at.lead.textContent = lead(room);
  at.members.replaceChildren(...(ranking.length ? ranking.map(row) : seated(room)));
  at.ready.hidden = phase !== "lobby" || own === null;
  at.ready.textContent = say(isReady ? "notReady" : "ready");
  at.ready.classList.toggle("main", !isReady);
  at.start.hidden = at.ready.hidden || room.host !== own || room.members.size < 2;
  at.leave.hidden = own === null;
  at.away.hidden = own === null || !isMatch;
  at.room.hidden = !at.away.hidden || !(at.notice.hidden || (room && at.again.hidden));
  at.copy.hidden = !room;
  at.help.hidden = isTouch || at.ready.hidden;
  at.talk.hidden = !room;
  at.board.hidden = phase !== "playing" || !at.board.firstChild;
  at.touch.hidden = !isTouch || at.away.hidden;
  const { inset } = stage.context;
  inset.right = isMatch && innerWidth > 1000 ? 196 : 0;
  // A low screen has no space for sticks below the picture.
  inset.top = isLow.matches ? 6 : 56;
  inset.bottom = at.touch.hidden || isLow.matches ? 0 : 190;
}

function lead(room) {
  if (!room || room.phase.name === "results") return "";
  if (room.starts_in !== null) return say("startsIn", secondsLeft());
  if (room.phase.reason) return reason({ code: "", message: room.phase.reason });
  return room.slot === null ? say("watching") : say(room.members.size < 2 ? "alone" : "waiting");
}

const winner = () => (ranking[1]?.points === ranking[0].points ? say("draw") : say("wins", ranking[0].name));

function seated(room) {
  const members = [...(room?.members.values() ?? [])].sort((a, b) => a.slot - b.slot);
  return members.map(({ slot, name, state }) => {
    const marks = [say(state === "ready" ? "isReady" : state)];
    if (slot === room.host) marks.unshift(say("host"));
    if (slot === room.slot) marks.unshift(say("you"));
    return row({ slot, name, marks });
  });
}

function showClock() {
  const room = house?.room;
  const phase = room?.phase.name;
  const isCountdown = phase === "countdown";
  const left = Math.ceil(stage.secondsLeft);
  at.clock.classList.toggle("big", isCountdown);
  at.clock.hidden = !isCountdown && (phase !== "playing" || Number.isNaN(left));
  at.clock.textContent = isCountdown ? secondsLeft() : `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  if (room) at.lead.textContent = lead(room);
}

// --- Buttons

document.documentElement.lang = language;
for (const id of ["play", "start", "copy", "leave", "send"]) at[id].textContent = say(id);
[at.away.textContent, at.talk.textContent] = [say("leave"), say("chat")];
for (const id of ["field", "board", "chat"]) at[id].ariaLabel = say(id);
at.line.placeholder = at.line.ariaLabel = say("write");
at.name.placeholder = at.name.ariaLabel = say("yourName");
at.name.value = kept(localStorage, "name");
at.help.textContent = view.help;
stage.addTouchControls(at.touch);

at.entry.onsubmit = () => (enter({ code }), false);
at.writing.onsubmit = () => {
  if (at.line.value.trim()) house?.chat(at.line.value.trim());
  at.line.value = "";
  return false;
};
at.ready.onclick = () => house.ready(at.ready.classList.contains("main"));
at.start.onclick = () => house.start();
at.leave.onclick = at.away.onclick = () => house.leave().then(watch, () => {});
at.copy.onclick = async () => {
  // Without HTTPS there is no clipboard.
  if (!navigator.clipboard) return prompt(say("copy"), location.href);
  await navigator.clipboard.writeText(location.href);
  tell(say("copied"));
};
function showChat(isShown) {
  at.chat.hidden = !isShown;
  at.talk.textContent = say("chat");
  // Keys on a button would not steer.
  (isShown ? at.line : at.field).focus();
}
at.talk.onclick = () => showChat(at.chat.hidden);
at.chat.onkeydown = ({ key }) => key === "Escape" && showChat(false);

setInterval(showClock, 200);
addEventListener("resize", render);
const [lastCode, resume] = (kept(sessionStorage, "seat") ?? "").split(" ");
enter({ code, watch: true }, lastCode === code ? resume : undefined);
