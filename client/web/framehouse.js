/**
 * Framehouse in a browser, or in Node from version 22 on: a connection to a server, and one room at a time.
 *
 *     import { connect } from "./framehouse.js";
 *
 *     const house = await connect("https://play.example", { name: "Ada" });
 *     house.on("message", ({ from, data }) => console.log(from, data));
 *     const room = await house.join({ room_id: "my-room" });
 *     house.message(new TextEncoder().encode("hello"));
 *
 * The messages are those of `GET /v1/ws`, in JSON. All fields of bytes are `Uint8Array`s here.
 */

/**
 * Payload of `auth`: with `secret` results count for one lasting player, with `resume` an earlier seat comes back.
 * @typedef {{name: string, secret?: string, resume?: string, view?: boolean}} Player
 */

/**
 * Payload of `join_room`: exactly one of the first four says which room.
 * @typedef {{code?: string, room_id?: string, quick?: true, create?: {size: number, private?: boolean, practice?: boolean},
 *   watch?: boolean, view?: boolean}} JoinRequest
 */

/** @typedef {{slot: number, name: string, state: string}} Member */

/**
 * A room as it is now; its own seat is `null` for a spectator, its members are by seat, and `msg_id` is the next event's.
 * @typedef {{code: string, slot: number | null, host: number | null, resume: string | null, tick_rate: number,
 *   phase: {name: string, match_no?: number, ticks?: number, reason?: string | null}, members: Map<number, Member>,
 *   options: {seats: number, private: boolean, map: string | null}, spectators: number, starts_in: number | null,
 *   msg_id: number}} Room
 */

/** The server refused a request, or ended the connection. `message` is a sentence for a person. */
export class Refused extends Error {
  /** @param {string} sentence @param {string | number} code code of `left`, or of the closed WebSocket */
  constructor(sentence, code) {
    super(sentence);
    this.code = code;
  }
}

/** Close codes after which a new connection would end in the same way. */
const FINAL_CODES = [1000, 1003, 1007, 1008, 1009, 4001, 4002, 4003, 4006];
/** Time for which a lost connection is tried again, in milliseconds: seats are kept for 30 s by default. */
const RETRY_MS = 30_000;
/** Fields of bytes, and of changes to the room, by type. */
const BYTES = { message: "data", view_frame: "data", snapshot: "state" };
const CHANGES = { host: "slot", options: "options", spectators: "count", code: "code", starts_in: "ticks" };

/** A new secret of a player: keep it, and show it to nobody. */
export function newSecret() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const toBase64 = (bytes) => btoa(String.fromCharCode(...bytes));
const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/**
 * Connects to a server (`https://host` or `http://host:port`), and says who the player is.
 * @param {string | URL} server @param {Player} player @returns {Promise<House>}
 * @throws {Refused}
 */
export async function connect(server, player) {
  const house = new House(server, player);
  await house.open();
  return house;
}

/**
 * A connection to a server. Each message from it is an event of the same name; `lost` (it is tried again), `back` (with the
 * same seat) and `closed` (nothing follows) tell about the connection itself.
 */
export class House {
  /** @type {Room | null} the room as it is now */
  room = null;
  #url;
  #player;
  #socket = null;
  #handlers = new Map();
  #wanted = null;
  #request = null;
  #isClosed = false;
  #isRetrying = false;

  /** @param {string | URL} server @param {Player} player */
  constructor(server, player) {
    this.#url = new URL("v1/ws", new URL(server).href.replace(/\/?$/, "/"));
    this.#url.protocol = this.#url.protocol.replace("http", "ws");
    this.#player = player;
  }

  /**
   * Calls `handler` for each message of this type; `*` is all types.
   * @param {string} type @param {(payload: any, type: string) => void} handler
   */
  on(type, handler) {
    const handlers = this.#handlers.get(type) ?? new Set();
    this.#handlers.set(type, handlers.add(handler));
  }

  /** Opens the connection; {@link connect} does. */
  open() {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.onopen = () => this.send("auth", this.#player);
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    socket.onclose = ({ code, reason }) => this.#end(code, reason);
    // The seat of `resume` comes back right after the authentication.
    return this.#want(this.#player.resume ? "joined" : "authenticated");
  }

  /** Takes a seat in a room, or watches it. @param {JoinRequest} request @returns {Promise<Room>} @throws {Refused} */
  async join(request) {
    this.#request = request;
    this.send("join_room", request);
    await this.#want("joined");
    return this.room;
  }

  /** Leaves the room, and gives the seat up. */
  async leave() {
    this.send("leave_room");
    await this.#want("left");
  }

  /** Sends bytes to all members, the own player included: 1 to 256. @param {Uint8Array} data */
  message(data) {
    this.send("message", { data: toBase64(data) });
  }

  /** @param {string} text */
  chat(text) {
    this.send("chat", { text });
  }

  /** @param {boolean} isReady */
  ready(isReady) {
    this.send("ready", { ready: isReady });
  }

  /** Starts the match, as the host. */
  start() {
    this.send("start");
  }

  /** Sends the input of a tick: 8 bytes; `null` is the next tick. @param {Uint8Array} bytes @param {number | null} [frame] */
  input(bytes, frame = null) {
    this.send("input", { frame_id: frame, input_data: toBase64(bytes) });
  }

  /** Sends any message of `GET /v1/ws`. @param {string} type @param {object} [payload] */
  send(type, payload) {
    // What is sent while the connection is lost would be too late afterwards.
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type, payload }));
  }

  /** Closes the connection; a seat is kept for a while. */
  close() {
    this.#isClosed = true;
    this.#socket?.close(1000);
  }

  #want(type) {
    return new Promise((resolve, reject) => (this.#wanted = { type, resolve, reject }));
  }

  #take({ type, payload }) {
    const field = BYTES[type];
    if (field) payload[field] = fromBase64(payload[field]);
    for (const part of payload?.inputs ?? []) part.data = fromBase64(part.data);
    this.#follow(type, payload);
    const wanted = this.#wanted;
    if (wanted && (wanted.type === type || type === "left" || type === "refused")) {
      this.#wanted = null;
      if (wanted.type === type) wanted.resolve(payload);
      else wanted.reject(new Refused(payload.reason, payload.code ?? type));
    }
    this.#tell(type, payload);
  }

  #tell(type, payload) {
    for (const name of [type, "*"]) this.#handlers.get(name)?.forEach((handler) => handler(payload, type));
  }

  /** Keeps `room` as it is. */
  #follow(type, payload) {
    const { room } = this;
    if (type === "joined") {
      this.room = { ...payload, members: new Map(payload.members.map((member) => [member.slot, member])) };
    }
    if (type === "left") this.room = this.#request = null;
    if (!room || room !== this.room) return;
    if (typeof payload?.msg_id === "number") room.msg_id = payload.msg_id + 1;
    const { slot } = payload ?? {};
    if (type === "player_joined") room.members.set(slot, payload);
    if (type === "player_left") room.members.delete(slot);
    if (type === "player_state") Object.assign(room.members.get(slot) ?? {}, { state: payload.state });
    if (CHANGES[type]) room[type] = payload[CHANGES[type]];
    if (type === "phase") this.#enter(room, payload.phase);
    if (type === "results") this.#enter(room, { name: "results", match_no: payload.match_no });
  }

  /** A phase changes the states of the members, without a message for each. */
  #enter(room, phase) {
    room.phase = phase;
    room.starts_in = null;
    for (const member of room.members.values()) {
      const { state } = member;
      if (state === "away") continue;
      if (phase.name === "lobby") member.state = "idle";
      if (phase.name === "loading") member.state = "loading";
      if (phase.name === "playing" && state === "loaded") member.state = "playing";
      if (phase.name === "results" && state === "playing") member.state = "finished";
    }
  }

  #end(code, reason) {
    const error = new Refused(reason || "the connection to the server was lost", code);
    this.#wanted?.reject(error);
    this.#wanted = null;
    if (this.#isRetrying) return;
    if (this.#isClosed || !this.room || FINAL_CODES.includes(code)) return this.#close(error);
    this.#tell("lost", error);
    this.#retry(this.room.resume, error);
  }

  #close(error) {
    this.#isClosed = true;
    this.#tell("closed", error);
  }

  /** Tries to come back until the seat is lost. */
  async #retry(resume, lost) {
    const [request, until] = [this.#request, Date.now() + RETRY_MS];
    if (resume) this.#player = { ...this.#player, resume, view: request?.view ?? this.#player.view };
    this.room = null;
    this.#isRetrying = true;
    let error = lost;
    for (let pause = 250; Date.now() < until && !this.#isClosed; pause = Math.min(2 * pause, 4000)) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      try {
        await this.open();
        // A spectator has no seat, and asks once more.
        if (!resume) await this.join(request);
        break;
      } catch (refusal) {
        error = refusal;
        if (FINAL_CODES.includes(error.code) || typeof error.code === "string") break;
      }
    }
    this.#isRetrying = false;
    this.#player = { ...this.#player, resume: undefined };
    if (this.room) this.#tell("back", this.room);
    else this.#close(error);
  }
}
