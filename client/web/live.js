// The live page of a server or gateway: what /v1/status and /v1/rooms say, once a second, and how it was in the last ten
// minutes. `#CODE` in its address shows a room (live-room.js).

const INTERVAL_MS = 1000;
const KEPT = 600;
/** Seconds that a plot shows at least. */
const SHOWN_MIN = 60;
const ROOMS_MAX = 300;

const at = (id) => document.getElementById(id);
const svg = (name, attributes) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};

/** An element with text and children. @param {string} name @param {{class?: string, text?: unknown}} [what] @param {Node[]} [children] */
function make(name, { class: kind = "", text = "" } = {}, children = []) {
  const element = document.createElement(name);
  if (kind) element.className = kind;
  element.textContent = String(text);
  element.append(...children);
  return element;
}

const number = (value, digits = 0) => Number(value).toLocaleString("en", { maximumFractionDigits: digits });
const when = (unix) => (unix ? new Date(unix * 1000).toLocaleString() : "the start");

function span(seconds) {
  const parts = [[86400, "d"], [3600, "h"], [60, "min"]];
  const [size, unit] = parts.find(([size]) => seconds >= size) ?? [1, "s"];
  return `${Math.floor(seconds / size)} ${unit}`;
}

/** Upper bound of the bucket of a quantile among the values that came between two readings; null without one. */
export function quantile(before, after, part) {
  const old = new Map(before);
  const grown = after.map(([upper, count]) => [upper, count - (old.get(upper) ?? 0)]);
  const total = grown.reduce((sum, [, count]) => sum + count, 0);
  if (total <= 0) return null;
  let left = total * part;
  for (const [upper, count] of grown) {
    left -= count;
    if (left <= 0) return upper;
  }
  return grown.at(-1)[0];
}

/** What happened between two status pages, as numbers for the plots. */
export function between(old, now) {
  const seconds = Math.max(now.uptime_s - old.uptime_s, 0.001);
  const ticks = Math.max(now.tick - old.tick, 1);
  const tick = (part) => (quantile(old.tick_us_all.buckets, now.tick_us_all.buckets, part) ?? 0) / 1000;
  const of = (name, part) => {
    const value = quantile(old.clients[name].buckets, now.clients[name].buckets, part);
    return value === null ? null : value / 1000;
  };
  const bytes = (name) => (now[name] + now.websocket[name] - old[name] - old.websocket[name]) / seconds / 1000;
  const stages = Object.entries(now.cpu_us_by_stage).map(([stage, us]) => [stage, (us - (old.cpu_us_by_stage[stage] ?? 0)) / ticks]);
  return {
    tick50: tick(0.5), tick99: tick(0.99), tickMax: tick(1),
    players: now.players, rooms: now.rooms,
    in: bytes("bytes_in"), out: bytes("bytes_out"),
    margin: of("margin_us", 0.01), trip50: of("round_trip_us", 0.5), trip99: of("round_trip_us", 0.99),
    stages,
  };
}

const PLOTS = [
  { title: "Ticks", unit: "ms", isOfTicks: true, limit: (now) => 1000 / now.tick_rate, lines: [["half of them", "tick50"], ["99 %", "tick99"], ["longest", "tickMax"]] },
  { title: "Players and rooms", unit: "", lines: [["players", "players"], ["rooms", "rooms"]] },
  { title: "Traffic", unit: "KB/s", isOfTicks: true, lines: [["out", "out"], ["in", "in"]] },
  { title: "Inputs and network", unit: "ms", isOfTicks: true, lines: [["round trip, half", "trip50"], ["round trip, 99 %", "trip99"], ["margin of the latest 1 %", "margin"]] },
];

for (const plot of PLOTS) {
  plot.legend = make("figcaption");
  plot.picture = svg("svg", { preserveAspectRatio: "none", role: "img" });
  plot.figure = make("figure", {}, [plot.legend, plot.picture]);
  at("plots").append(plot.figure);
}

function draw(plot, past, now) {
  const limit = plot.limit?.(now);
  const values = past.flatMap((moment) => plot.lines.map(([, key]) => moment[key] ?? 0));
  const top = Math.max(...values, limit ?? 0, 1e-3) * 1.1;
  const y = (value) => 100 - (100 * value) / top;
  const width = Math.max(past.length, SHOWN_MIN) - 1;
  const path = (key) => {
    let text = "", isOpen = false;
    past.forEach((moment, index) => {
      const value = moment[key];
      if (value === null) return void (isOpen = false);
      text += `${isOpen ? "L" : "M"}${width - past.length + index + 1} ${y(value).toFixed(2)}`;
      isOpen = true;
    });
    return text;
  };
  const line = (kind, level) => svg("line", { class: kind, x1: 0, x2: width, y1: level, y2: level });
  const paths = plot.lines.map(([, key], index) => svg("path", { class: "abc"[index], d: path(key) }));
  plot.picture.setAttribute("viewBox", `0 0 ${width} 100`);
  plot.picture.replaceChildren(line("base", 100), ...(limit ? [line("limit", y(limit))] : []), ...paths);
  const newest = past.at(-1);
  const told = plot.lines.map(([name, key]) => `${name} ${newest[key] === null ? "unknown" : `${number(newest[key], 1)} ${plot.unit}`.trim()}`);
  const budget = limit ? [`limit ${number(limit, 1)} ${plot.unit}`] : [];
  plot.picture.setAttribute("aria-label", `${plot.title}: ${[...told, ...budget].join(", ")}`);
  const words = told.map((text, index) => make("b", { class: "abc"[index], text }));
  const scale = `0 to ${number(top, 1)} ${plot.unit} in ${Math.ceil((width + 1) / 60)} min`;
  plot.legend.replaceChildren(make("span", { text: plot.title }), ...words, ...[...budget, scale].map((text) => make("span", { text })));
}

/** A gateway has no ticks: what is about them is hidden. */
function hideTicks(isGateway) {
  for (const plot of PLOTS) plot.figure.hidden = isGateway && plot.isOfTicks === true;
  for (const id of ["steps", "behind", "private"]) at(id).hidden = isGateway || (id === "private" && showsPrivate);
  at("fleet").hidden = !isGateway;
}

const row = (name, value, isBad = false) => make("tr", { class: isBad ? "bad" : "" }, [rowHead(name), make("td", { text: value })]);

function rowHead(name) {
  const head = make("th", { text: name });
  head.scope = "row";
  return head;
}

function showStages(stages) {
  const most = Math.max(...stages.map(([, us]) => us), 1);
  const rows = stages.sort((a, b) => b[1] - a[1]).map(([stage, us]) => {
    const bar = make("i");
    bar.style.width = `${(100 * us) / most}%`;
    return make("tr", {}, [rowHead(stage), make("td", { class: "bar" }, [bar]), make("td", { class: "number", text: `${number(us, 1)} µs` })]);
  });
  at("stages").tBodies[0].replaceChildren(...rows);
}

/** Code of the room in the address; empty for none. */
const opened = () => location.hash.slice(1).toUpperCase();

function showRooms(rooms) {
  const wanted = at("phase").value;
  const found = rooms.filter((room) => !wanted || room.phase === wanted);
  at("shown").textContent = found.length > ROOMS_MAX ? `the first ${ROOMS_MAX} of ${found.length}` : `${found.length}`;
  const rows = found.slice(0, ROOMS_MAX).map((room) => {
    const link = make("a", { text: room.code });
    link.href = `#${room.code}`;
    if (room.code === opened()) link.ariaCurrent = "true";
    const cells = [room.map, `${room.players} of ${room.seats}`, room.spectators].map((text) => make("td", { text }));
    const phase = make("td", { text: room.isPrivate ? `${room.phase}, private` : room.phase });
    return make("tr", {}, [make("td", {}, [link]), phase, make("td", { class: "name", text: room.host }), ...cells]);
  });
  const [body, focused] = [at("rooms").tBodies[0], document.activeElement?.textContent];
  const hasFocus = body.contains(document.activeElement);
  body.replaceChildren(...rows);
  if (hasFocus) [...body.querySelectorAll("a")].find((link) => link.textContent === focused)?.focus();
}

function showNodes(nodes) {
  const rows = nodes.map(({ node, state, zone, build, rooms, players, tick_p99_ms, load }) => {
    const bar = make("i");
    bar.style.width = `${120 * Math.min(1, load)}px`;
    const cells = [number(rooms), number(players), `${number(tick_p99_ms, 1)} ms`, zone, build].map((text) => make("td", { text }));
    const isBad = state !== "ready" || load > 0.85;
    const busy = make("td", { class: "load", text: `${number(100 * load)} %` }, [bar]);
    return make("tr", { class: isBad ? "bad" : "" }, [rowHead(node), make("td", { text: state }), busy, ...cells]);
  });
  at("nodes").tBodies[0].replaceChildren(...rows);
}

function showAlerts({ firing }) {
  const told = firing.map(({ level, message, since_unix_s }) => `${level}, since ${when(since_unix_s)}: ${message}`);
  const list = at("firing");
  // Only a change is read out.
  if (list.dataset.told === JSON.stringify(told)) return;
  list.dataset.told = JSON.stringify(told);
  const items = firing.map(({ level }, index) => make("li", { class: level, text: told[index] }));
  list.replaceChildren(...(items.length ? items : [make("li", { text: "Nothing needs you." })]));
}

function showFigures(now, last) {
  const phases = Object.entries(now.rooms_by_phase).filter(([, count]) => count).map(([phase, count]) => `${count} ${phase}`);
  const figures = [
    ["Players", number(now.players)],
    ["Watching", number(now.spectators)],
    ["Rooms", number(now.rooms)],
    ["Tick thread", `${number(now.tick_load * 100)} %`],
    ["Longest tick", `${number(last.tickMax, 1)} ms`],
    ["Ticks skipped", number(now.dropped_ticks)],
    ["Out", last.out < 1000 ? `${number(last.out, 1)} KB/s` : `${number(last.out / 1000, 2)} MB/s`],
    ["Out, a player", `${number(last.out / Math.max(now.players, 1), 2)} KB/s`],
    ["Cheat signals", number(Object.values(now.cheat_signals).reduce((sum, count) => sum + count, 0))],
  ];
  if (isGateway(now)) figures.splice(1, figures.length, ["Rooms", number(now.rooms)], ["Sessions", number(now.sessions)]);
  at("figures").replaceChildren(...figures.map(([name, value]) => make("div", {}, [make("dt", { text: name }), make("dd", { text: value })])));
  const state = now.draining ? "drains" : now.accepting ? "takes players" : "takes nobody new";
  at("state").textContent = `${state}, for ${span(now.uptime_s)} ${phases.length ? `· ${phases.join(", ")}` : ""}`;
  at("version").textContent = isGateway(now) ? `gateway ${now.version}` : `${now.version} · ${now.tick_rate} ticks a second`;
}

function showWork({ cleanup, results, store, replays, errors, http, desyncs, queue }) {
  at("work").tBodies[0].replaceChildren(
    row("Results", `${results.waiting} wait, ${number(results.saved)} saved, ${results.lost} lost`, results.failing || results.lost > 0),
    row("Database", `${number(store.waiting_bytes / 1000, 1)} KB wait, ${number(store.stored)} matches, ${store.refused} refused`, store.failing),
    row("Replays", `${replays.waiting} jobs wait, ${number(replays.written)} written, ${replays.failed} failed`, replays.failing),
    row("Cleanup", `${cleanup.active_cleanup_tasks} owners wait, ${number(cleanup.done)} freed, ${cleanup.orphans} without an owner`, cleanup.orphans > 0),
    row("Desyncs", `${desyncs.detected}`, false),
    row("Rooms lost to a panic", `${errors.rooms_faulted}`, errors.rooms_faulted > 0),
    row("HTTP", `${http.connections} connections, ${http.sockets} WebSockets, ${number(http.requests_refused)} requests refused`),
    row("Queue", `${number(queue.waiting)} players wait, for ${span(queue.longest_wait_s)} at most; ${number(queue.admitted)} got a seat`),
  );
}

function showForce({ features, in_force, fleet }) {
  const switches = features.map(({ feature, on, off_by, since_unix_s }) =>
    row(feature.replace("_", " "), `${on ? "on" : `off (${off_by})`}, since ${when(since_unix_s)}`, off_by === "errors"));
  const rows = [
    row("Settings", `since ${when(in_force.settings_unix_s)}`),
    row("Rules and maps", `since ${when(in_force.rules_unix_s)}`),
    row("Certificate", `since ${when(in_force.certificate_unix_s)}`),
    ...(in_force.after_restart.length ? [row("After a restart", in_force.after_restart.join(", "))] : []),
    ...(in_force.refused ? [row("Last reload refused", in_force.refused, true)] : []),
    ...(fleet ? [row("Fleet", fleet.connected ? "its registry answers" : "its registry does not answer", !fleet.connected)] : []),
  ];
  at("force").tBodies[0].replaceChildren(...switches, ...rows);
}

const isGateway = ({ fleet }) => Boolean(fleet?.gateway);

async function read(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

const past = [];
let last = null;
let listed = [];
let showsPrivate = false;
/** The module of the room that is shown; it is loaded with the first one. */
let room = null;
at("phase").addEventListener("change", () => showRooms(listed));

// The browser asks for the token, if it has not yet.
at("private").addEventListener("click", async () => {
  try {
    await read("v1/live/rooms");
    showsPrivate = true;
    at("private-state").textContent = "Private rooms and cheat signals are shown.";
  } catch {
    at("private-state").textContent = "They are for holders of the admin token.";
  }
});

async function openRoom() {
  if (!opened()) return room?.close();
  room ??= await import("./live-room.js");
  // It may have been closed meanwhile.
  if (opened()) await room.open(opened());
}
at("room-close").addEventListener("click", () => {
  location.hash = "";
  at("phase").focus();
});
addEventListener("hashchange", openRoom);
openRoom();

/** All rooms that this viewer may see. */
async function readRooms() {
  const [{ rooms }, hidden] = await Promise.all([read("v1/rooms?limit=500"), showsPrivate ? read("v1/live/rooms") : { rooms: [] }]);
  return [...rooms, ...hidden.rooms.map((room) => ({ ...room, isPrivate: true }))];
}

async function look() {
  try {
    const [now, rooms] = await Promise.all([read("v1/status"), readRooms()]);
    hideTicks(isGateway(now));
    if (isGateway(now)) showNodes((await read("v1/live/nodes")).nodes);
    // A server that was started again counts from 0.
    if (last && now.tick >= last.tick && now.uptime_s > last.uptime_s) {
      past.push(between(last, now));
      if (past.length > KEPT) past.shift();
      PLOTS.filter((plot) => !plot.figure.hidden).forEach((plot) => draw(plot, past, now));
      showFigures(now, past.at(-1));
      showStages(past.at(-1).stages);
    }
    if (!last || now.uptime_s !== last.uptime_s) last = now;
    listed = rooms;
    showAlerts(now.alerts);
    showRooms(rooms);
    showWork(now);
    showForce(now);
    await room?.look(read);
    document.body.dataset.seen = String(past.length);
  } catch (error) {
    at("state").textContent = `The server does not answer (${error.message}).`;
  }
}

async function follow() {
  for (;;) {
    if (!document.hidden) await look();
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}

follow();
