// One room on the live page: drawn as its spectators see it, with what the server knows of its members.

import { connect } from "./framehouse.js";
import { COLORS, Stage, make } from "./stage.js";

const SPECTATOR = "Live page";
/** The game's module; null for a game without a view for browsers. */
const view = await import("./view.js").catch(() => null);
const [section, title, state, clock, list] = ["room", "room-title", "room-state", "room-clock", "members"].map((id) => document.getElementById(id));
const names = new Map();
const stage = view && new Stage(document.getElementById("arena"), view, { color: (slot) => COLORS[slot], name: (slot) => names.get(slot) ?? "" });
if (stage) stage.context.inset = { top: 0, right: 0, bottom: 0 };

/** Code of the room; empty while none is shown. */
let code = "";
/** The connection of a spectator. */
let house = null;
/** Why nothing is drawn. */
let trouble = "";
/** Points by slot, from the leaderboard: a gateway has no details. */
let points = new Map();
let tries = 0;

/** Shows the room with this code. */
export async function open(wanted) {
  close();
  const number = ++tries;
  code = wanted;
  title.textContent = `Room ${code}`;
  document.getElementById("room-page").href = `r/${encodeURIComponent(code)}`;
  section.hidden = false;
  section.scrollIntoView();
  title.focus({ preventScroll: true });
  if (!view) return void (trouble = "This game has no view for browsers.");
  try {
    const next = await connect(new URL(".", location.href), { name: SPECTATOR, view: true });
    if (number !== tries) return next.close();
    house = next;
    follow(next);
    const room = await next.join({ code, watch: true, view: true });
    stage.context.tickRate = room.tick_rate;
  } catch (error) {
    if (number === tries) trouble = error.message;
  }
}

/** Shows no room. */
export function close() {
  tries++;
  house?.close();
  house = null;
  [code, trouble] = ["", ""];
  points.clear();
  names.clear();
  stage?.clear();
  section.hidden = true;
}

function follow(mine) {
  const on = (type, handler) => mine.on(type, (payload) => mine === house && handler(payload));
  const ends = (error) => (trouble = error.message ?? error.reason);
  on("view_frame", ({ frame_id, data }) => {
    try {
      stage.take(frame_id, data);
    } catch {
      trouble = "This page is older than the server: load it again.";
    }
  });
  on("leaderboard", ({ entries }) => (points = new Map(entries.map((entry) => [entry.slot, entry.points]))));
  on("phase", ({ phase }) => phase.name === "loading" && (stage.clear(), points.clear()));
  on("refused", ends);
  on("left", ends);
  on("closed", ends);
}

/** Reads what the server knows of the room, and shows it. */
export async function look(read) {
  const asked = code;
  if (!asked) return;
  const details = await read(`v1/live/rooms/${encodeURIComponent(asked)}`).catch(() => null);
  if (asked === code) show(details);
}

function show(details) {
  const room = house?.room;
  for (const { slot, name } of room?.members.values() ?? []) names.set(slot, name);
  const phase = details?.phase ?? room?.phase.name;
  const parts = [phase, details?.private && "private", details?.match && `match ${details.match}`, trouble];
  const told = parts.filter(Boolean).join(" · ") || "Looking for the room ..";
  // Only a change is read out.
  if (state.textContent !== told) state.textContent = told;
  const left = Math.ceil(stage?.secondsLeft ?? NaN);
  clock.textContent = phase === "playing" && left >= 0 ? `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")} left` : "";
  const members = details?.members ?? [...(room?.members.values() ?? [])].map(({ slot, name, state }) => ({ slot, name, connected: state !== "away" }));
  const pointsOf = (member) => member.points ?? points.get(member.slot) ?? null;
  members.sort((a, b) => (pointsOf(b) ?? -1) - (pointsOf(a) ?? -1) || (a.slot ?? 16) - (b.slot ?? 16));
  const hasSignals = members.some(({ signals }) => signals);
  list.tHead.rows[0].lastElementChild.hidden = !hasSignals;
  list.tBodies[0].replaceChildren(...members.map((member) => row(member, pointsOf(member), hasSignals)));
}

function row(member, points, hasSignals) {
  const ms = (value) => (value === undefined || value === null ? "" : `${value} ms`);
  const dot = make("i", { className: "dot" });
  dot.style.background = COLORS[member.slot] ?? "transparent";
  const name = make("th", { scope: "row", className: "name" });
  name.append(dot, member.name, member.connected ? "" : " (connection lost)", member.slot === null ? " (watches)" : "");
  const cells = [points ?? "", ms(member.round_trip_ms), ms(member.margin_ms)].map((textContent) => make("td", { textContent }));
  const signals = signalsOf(member.signals);
  if (hasSignals) cells.push(make("td", { className: "name", textContent: signals }));
  const line = make("tr", { className: signals ? "bad" : "" });
  line.append(name, ...cells);
  return line;
}

const signalsOf = (signals) =>
  Object.entries(signals ?? {}).filter(([, count]) => count).map(([kind, count]) => `${count} × ${kind.replace("_", " ")}`).join(", ");
