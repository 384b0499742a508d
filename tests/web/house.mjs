// framehouse.js against a server that exists only here, and so does what a real one does rarely: asks for another try,
// loses sessions, and falls silent.
//
//   node house.mjs

import assert from "node:assert/strict";

import { connect } from "../../client/web/framehouse.js";
import { until } from "./chromium.mjs";

const JOINED = { code: "K7QX", resume: "secret", slot: 0, host: 0, tick_rate: 30, phase: { name: "lobby" }, members: [], abort_vote: null };

/** All sockets so far; `answer` gets their messages. */
let sockets = [];
let answer;

class Socket {
  static OPEN = 1;
  readyState = 0;
  sent = [];

  constructor() {
    sockets.push(this);
    queueMicrotask(() => {
      this.readyState = Socket.OPEN;
      this.onopen?.();
    });
  }

  send(text) {
    const message = JSON.parse(text);
    this.sent.push(message);
    queueMicrotask(() => answer(this, message));
  }

  says(type, payload = {}) {
    this.onmessage?.({ data: JSON.stringify({ type, payload }) });
  }

  /** The server closes the connection. */
  ends(code, reason = "") {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }

  close() {
    this.readyState = 3;
  }
}
globalThis.WebSocket = Socket;

/** What a server usually does. */
function usual(socket, { type, payload }) {
  if (type === "auth") socket.says("authenticated");
  if (type === "join_room" || payload?.resume) socket.says("joined", JOINED);
  if (type === "leave_room") socket.says("left", { code: "left", reason: "you left" });
  if (type === "ping") socket.says("pong", payload);
}

/** A House with a seat, its socket, and the names of its events. */
async function seated() {
  [sockets, answer] = [[], usual];
  const house = await connect("http://server", { name: "Ada" });
  await house.join({ room_id: "room" });
  const events = [];
  for (const type of ["lost", "back", "closed"]) house.on(type, () => events.push(type));
  return { house, socket: sockets[0], events };
}

/** The seat comes back on a new connection, also when the server first asks for another try. */
async function retries() {
  const { house, socket, events } = await seated();
  const codes = [1013, 4006];
  answer = (next, message) => (message.type === "auth" && codes.length ? next.ends(codes.shift()) : usual(next, message));
  socket.ends(4006);
  assert.deepEqual([events, house.room], [["lost"], null]);
  await until("the seat is back", () => events.includes("back"));
  assert.equal(sockets.length, 4);
  assert.deepEqual(sockets.slice(1).map(({ sent }) => sent[0].payload.resume), ["secret", "secret", "secret"]);
  assert.equal(house.room.code, "K7QX");
  house.close();
  assert.deepEqual(events, ["lost", "back", "closed"]);
}

/** A resume that the server has no time for is tried again by `connect`; one that it refuses is not. */
async function resumes() {
  for (const [code, attempts] of [[1013, 2], [4001, 1]]) {
    sockets = [];
    answer = (socket, message) => (sockets.length === 1 ? socket.ends(code, "no") : usual(socket, message));
    const connected = connect("http://server", { name: "Ada", resume: "secret" });
    if (code === 4001) await assert.rejects(connected, { code, message: "no" });
    else (await connected).close();
    assert.equal(sockets.length, attempts);
  }
}

/** A request fails at once where it cannot be answered, and breaks nothing. */
async function requests() {
  const { house, socket, events } = await seated();
  // What comes of an earlier message is no answer.
  socket.says("refused", { code: null, reason: "too many messages" });
  const leaving = house.leave();
  socket.says("refused", { code: null, reason: "too many messages" });
  await assert.rejects(house.join({ quick: true }), { code: "busy" });
  await leaving;
  await house.join({ quick: true });
  socket.ends(1006);
  await assert.rejects(house.leave(), { code: "lost" });
  await assert.rejects(house.join({ quick: true }), { code: "lost" });
  await until("the seat is back", () => events.includes("back"));
  await house.leave();
  sockets[1].ends(1006);
  assert.deepEqual(events, ["lost", "back", "closed"]);
  await assert.rejects(house.join({ quick: true }), { code: "lost" });
}

/** A full server tells a place in its queue and when to ask again. */
async function queues() {
  [sockets, answer] = [[], usual];
  const house = await connect("http://server", { name: "Ada" });
  const [places, told] = [[2, 1], []];
  house.on("queued", ({ place }) => told.push(place));
  answer = (socket, message) => {
    if (message.type !== "join_room" || !places.length) return usual(socket, message);
    const place = places.shift();
    const queue = { ticket: `ticket ${place}`, place, wait_s: null, ask_again_s: 0.01 };
    socket.says("refused", { code: "server_full", reason: "this server is full", queue });
  };
  const room = await house.join({ quick: true });
  assert.deepEqual([told, room.code], [[2, 1], "K7QX"]);
  const asked = sockets[0].sent.filter(({ type }) => type === "join_room");
  assert.deepEqual(asked.map(({ payload }) => payload.ticket), [undefined, "ticket 2", "ticket 1"]);
  house.close();
}

/** A spectator asks once more, for the code that the room has now, and not for a seat of earlier. */
async function spectators() {
  [sockets, answer] = [[], usual];
  const house = await connect("http://server", { name: "Ada", resume: "secret" });
  await house.leave();
  answer = (next, message) => (message.type === "join_room" ? next.says("joined", { ...JOINED, slot: null, resume: null }) : usual(next, message));
  await house.join({ code: "K7QX", watch: true, view: true });
  sockets[0].says("code", { msg_id: 1, code: "2222" });
  const back = new Promise((resolve) => house.on("back", resolve));
  sockets[0].ends(1006);
  await back;
  const [auth, join] = sockets[1].sent;
  assert.equal(auth.payload.resume, undefined);
  assert.deepEqual(join, { type: "join_room", payload: { code: "2222", watch: true, view: true } });
  house.close();
}

/** A link without any answer is given up, though nobody closes it. */
async function silence() {
  const { house, events } = await seated();
  answer = (socket, message) => socket !== sockets[0] && usual(socket, message);
  await until("the silence is noticed", () => events.includes("back"), 30);
  assert.equal(sockets[0].sent.filter(({ type }) => type === "ping").length, 2);
  house.close();
}

/** What a message says is in `house.room` and in the event. */
async function messages() {
  const { house, socket } = await seated();
  let count = 0;
  const stop = house.on("game_frame", ({ inputs, commands }) => {
    count++;
    assert.deepEqual([inputs[0].data, commands[0].data], [Uint8Array.of(1), Uint8Array.of(2)]);
  });
  const frame = { inputs: [{ slot: 0, data: "AQ==" }], commands: [{ slot: 0, data: "Ag==" }] };
  socket.says("game_frame", frame);
  stop();
  socket.says("game_frame", frame);
  assert.equal(count, 1);
  const vote = { voters: [0], agreed: [], refused: [], needed: 1, ticks: 90 };
  socket.says("abort_vote", { msg_id: 7, vote });
  assert.deepEqual([house.room.abort_vote, house.room.msg_id], [vote, 8]);
  socket.says("results", { msg_id: 8, match_no: 3, last_frame: 600, ranking: [] });
  assert.deepEqual(house.room.phase, { name: "results", match_no: 3, last_frame: 600 });
  house.close();
}

for (const part of [retries, resumes, requests, queues, spectators, silence, messages]) {
  await part();
  console.log(`${part.name}: good`);
}
