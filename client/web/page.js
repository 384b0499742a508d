// The page /r/CODE: shows a room, takes a seat in it, and has everything around the match.

import { connect, newSecret } from "./framehouse.js";
import { Stage, make } from "./stage.js";
import { language, reason, say } from "./words.js";
import * as view from "./view.js";

/** One colour for each seat, as in the window. */
const COLORS = "4cc3ff ffb938 ff6b5e 77e068 b58cff ff8fce 3fe0cb f6ef72 e0803c 5f7dff b9f03c db5cf0 c9a07c 93adc2 ff4a86 2c9e94"
  .split(" ")
  .map((hex) => `#${hex}`);
/** Maximum length of a name, in bytes. */
const NAME_BYTES_MAX = 32;
const NOTICE_MS = 6000;
const LINES_MAX = 50;

/** The elements of the page, by their ids. */
const at = Object.fromEntries([...document.querySelectorAll("[id]")].map((element) => [element.id, element]));
const server = new URL("..", location.href);
const isTouch = matchMedia("(pointer: coarse)").matches;
const isLow = matchMedia("(max-height: 500px) and (orientation: landscape)");

let code = location.pathname.split("/").at(-1).toUpperCase();
let house = null;
/** Number of connections so far. */
let tries = 0;
let ranking = [];
/** Names of all players that were here, also of those who have left. */
const names = new Map();
/** When the match begins, by `performance.now()`. */
let beginsAt = 0;
/** Timers of the inputs, and of a notice. */
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

/** The name in the form, as much of it as the server takes. */
function typedName() {
  const name = at.name.value.trim();
  return name.slice(0, new TextEncoder().encodeInto(name, new Uint8Array(NAME_BYTES_MAX)).read);
}

// --- Connection

/** Connects and enters a room: whether that has succeeded. A failure is told to the player. */
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
    const next = await connect(server, { name: name || "Guest", secret: secret(), resume, view: true });
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
    // The name may be the reason: the next try goes without.
    if (error.code === 4001) at.name.value = kept(localStorage, "name", "");
    failed(error, request.watch);
  } finally {
    at.play.disabled = number !== tries;
  }
}

const watch = () => enter({ code, watch: true });

/** Says why, with a way on: another room if this one is closed to the player. */
async function failed(error, isWatching) {
  const isGone = /room|kicked|sent_away|refused/.test(error.code) && error.code !== "room_full";
  if (isGone) return tell(reason(error, code), say("otherRoom"), () => enter({ quick: true }));
  if (isWatching) return tell(reason(error, code), say("tryAgain"), watch);
  if (await watch()) tell(reason(error, code));
}

/** Shows what comes over a connection, until there is another one. */
function follow(mine) {
  const on = (type, handler) => mine.on(type, (payload) => mine === house && (handler(payload), render()));
  mine.on("view_frame", ({ frame_id, data }) => {
    try {
      if (mine === house) stage.take(frame_id, data);
    } catch {
      tell(say("version_differs"), say("tryAgain"), () => location.reload());
    }
  });
  mine.on("pong", ({ seq }) => (at.ping.textContent = `${Math.round(performance.now() - seq)} ms`));
  on("player_joined", ({ slot, name }) => (names.set(slot, name), line(say("cameIn", name))));
  on("player_left", ({ slot }) => line(say("wentOut", names.get(slot))));
  on("phase", ({ phase }) => enterPhase(phase));
  on("results", (results) => (ranking = results.ranking));
  on("leaderboard", ({ entries }) => showBoard(entries));
  on("starts_in", ({ ticks }) => (beginsAt = after(ticks)));
  on("chat", ({ from, name, text }) => line(text, name, from));
  on("draining", () => tell(say("restarting")));
  for (const type of ["player_state", "host", "spectators"]) on(type, () => {});
  on("code", () => moved(mine.room));
  on("refused", (refusal) => tell(reason({ code: refusal.code, message: refusal.reason }, code)));
  on("lost", () => tell(say("lost"), null));
  on("back", () => joined(mine));
  on("left", ({ code: why, reason: message }) => ended({ code: why, message }));
  on("closed", (error) => ended(error));

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

/** The room has another code: it became private, or it is another room. */
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

/** Says one sentence: in front of everything with a way on, else for a while (for longer if `button` is `null`). */
function tell(sentence, button, act) {
  clearTimeout(fading);
  if (sentence && button === undefined) fading = setTimeout(tell, NOTICE_MS, null);
  at.notice.hidden = sentence === null;
  at.sentence.textContent = sentence;
  at.again.hidden = !button;
  at.again.textContent = button;
  at.again.onclick = act;
  render();
}

/** A row of a list: seat, name, marks, number. */
function row({ slot, name, marks = [], number = "" }) {
  const item = make("li", { className: slot === stage.context.own ? "row own" : "row" });
  item.style.setProperty("--seat", COLORS[slot]);
  const small = marks.map((mark) => make("small", { textContent: mark }));
  item.append(make("i"), make("span", { textContent: name }), ...small, make("b", { textContent: number }));
  return item;
}

function showBoard(entries) {
  at.board.replaceChildren(...entries.slice(0, 10).map(({ slot, points }) => row({ slot, name: names.get(slot) ?? "", number: points })));
}

function line(text, name, slot) {
  const who = make("b", { textContent: name === undefined ? "" : `${name} ` });
  who.style.setProperty("--seat", COLORS[slot] ?? "");
  const words = make("p", { className: name === undefined ? "told" : "" });
  words.append(who, text);
  at.lines.append(words);
  while (at.lines.children.length > LINES_MAX) at.lines.firstChild.remove();
  at.lines.scrollTop = at.lines.scrollHeight;
  if (name !== undefined && at.chat.hidden) at.talk.textContent = `${say("chat")} •`;
}

/** Shows the room as it is now. */
function render() {
  const room = house?.room;
  const phase = room?.phase.name;
  const [own, isMatch] = [room?.slot ?? null, ["loading", "countdown", "playing"].includes(phase)];
  const me = room?.members.get(own);
  at.code.textContent = code;
  at.ping.hidden = !room;
  const watchers = room?.spectators && innerWidth > 640 ? ` · ${say("watchers", room.spectators)}` : "";
  at.phase.textContent = room ? say(phase === "countdown" ? "loading" : phase) + watchers : "";
  at.room.hidden = !at.again.hidden || (isMatch && own !== null);
  at.room.classList.toggle("bar", isMatch);
  at.entry.hidden = !room || own !== null;
  at.title.textContent = ranking.length ? winner() : say(room ? "room" : "connecting", code);
  at.lead.textContent = lead(room, own);
  at.members.replaceChildren(...(ranking.length ? ranked() : seated(room)));
  at.ready.hidden = phase !== "lobby" || own === null;
  at.ready.textContent = say(me?.state === "ready" ? "notReady" : "ready");
  at.ready.classList.toggle("main", me?.state !== "ready");
  at.start.hidden = phase !== "lobby" || own === null || room.host !== own || room.members.size < 2;
  at.leave.hidden = at.away.hidden = own === null;
  at.away.hidden ||= !isMatch;
  at.help.hidden = isTouch || own === null || phase !== "lobby";
  at.talk.hidden = !room;
  at.board.hidden = phase !== "playing" || !at.board.firstChild;
  at.touch.hidden = !isTouch || own === null || !isMatch;
  const { inset } = stage.context;
  inset.right = isMatch && innerWidth > 1000 ? 196 : 0;
  // A low screen has no space for sticks below the picture.
  inset.top = isLow.matches ? 6 : 56;
  inset.bottom = at.touch.hidden || isLow.matches ? 0 : 190;
}

function lead(room, own) {
  if (!room || room.phase.name === "results") return "";
  if (room.starts_in !== null) return say("startsIn", secondsLeft());
  if (room.phase.reason) return reason({ code: "", message: room.phase.reason });
  return own === null ? say("watching") : say(room.members.size < 2 ? "alone" : "waiting");
}

function winner() {
  const [first, second] = ranking;
  return second && first.points === second.points ? say("draw") : say("wins", first.name);
}

const ranked = () => ranking.map(({ slot, name, points }) => row({ slot, name, number: points }));

function seated(room) {
  const members = [...(room?.members.values() ?? [])].sort((a, b) => a.slot - b.slot);
  return members.map(({ slot, name, state }) => {
    const marks = [slot === room.slot && say("you"), slot === room.host && say("host"), say(state === "ready" ? "isReady" : state)];
    return row({ slot, name, marks: marks.filter(Boolean) });
  });
}

function showClock() {
  const room = house?.room;
  const isCountdown = room?.phase.name === "countdown";
  const left = Math.ceil(stage.secondsLeft);
  at.clock.classList.toggle("big", isCountdown);
  at.clock.hidden = !isCountdown && (room?.phase.name !== "playing" || Number.isNaN(left));
  at.clock.textContent = isCountdown ? secondsLeft() : `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  if (room) at.lead.textContent = lead(room, room.slot);
}

// --- Buttons

function submit(form, act) {
  form.addEventListener("submit", (event) => (event.preventDefault(), act()));
}

document.documentElement.lang = language;
for (const id of ["play", "start", "copy", "leave", "send"]) at[id].textContent = say(id);
[at.away.textContent, at.talk.textContent] = [say("leave"), say("chat")];
for (const id of ["field", "board", "chat"]) at[id].ariaLabel = say(id);
at.line.placeholder = at.line.ariaLabel = say("write");
at.name.placeholder = at.name.ariaLabel = say("yourName");
at.name.value = kept(localStorage, "name") ?? "";
at.help.textContent = view.help ?? "";
stage.addTouchControls(at.touch);

submit(at.entry, () => enter({ code }));
submit(at.writing, () => {
  if (at.line.value.trim()) house?.chat(at.line.value.trim());
  at.line.value = "";
});
at.ready.onclick = () => house.ready(at.ready.classList.contains("main"));
at.start.onclick = () => house.start();
at.leave.onclick = at.away.onclick = () => house.leave().then(watch, watch);
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
