/**
 * A connection to a Framehouse server, and one room at a time, in a browser or in Node: see README.md.
 * @import { Handler, JoinRequest, Member, Phase, Player, QueuePlace, Room, Wanted } from "./types.d.ts"
 */

/** The server refused a request, or the connection ended. `message` is a sentence for a person. */
export class Refused extends Error {
  /**
   * @param {string} sentence @param {string | number} code code of `refused` or `left`, or of the closed WebSocket
   * @param {QueuePlace} [queue]
   */
  constructor(sentence, code, queue) {
    super(sentence);
    this.code = code;
    this.queue = queue;
  }
}

/** Close codes after which a new connection would end in the same way, and the one that asks for it. */
const FINAL_CODES = [1000, 1003, 1007, 1008, 1009, 4001, 4002, 4003];
const TRY_AGAIN = 1013;
/** Time for which a connection is tried again: seats are kept for 30 s by default. */
const RETRY_MS = 30_000;
/** After so many pings without any message the link is dead. */
const UNANSWERED_MAX = 2;
const PING_MS = 2000;
// Fields of bytes, and of changes to the room, by type.
/** @type {Record<string, string>} */
const BYTES = { message: "data", view_frame: "data", snapshot: "state" };
/** @type {Record<string, string>} */
const CHANGES = { host: "slot", options: "options", spectators: "count", code: "code", starts_in: "ticks", abort_vote: "vote" };

/** A new secret of a player: keep it, and show it to nobody. */
export function newSecret() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const toBase64 = (/** @type {Uint8Array} */ bytes) => btoa(String.fromCharCode(...bytes));
const fromBase64 = (/** @type {string} */ text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** Waits for about this time: not all clients come back at once. @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms * (0.5 + Math.random())));

/** Whether another try would end in the same way. @param {any} code */
const isFinal = (code) => (typeof code === "number" ? FINAL_CODES.includes(code) : !/^(busy|overloaded)$/.test(code));

/** Connects to a server (`https://host`) as this player. @param {string | URL} server @param {Player} player */
export async function connect(server, player) {
  const house = new House(server, player);
  await house.open();
  return house;
}

/** A connection. Each message is an event; so are `queued`, `lost` (it is tried again), `back` (with the seat) and `closed` (for good). */
export class House {
  /** The room as it is now. @type {Room | null} */
  room = null;
  #url;
  #player;
  /** @type {WebSocket | null} */
  #socket = null;
  /** Ends the connection at once. @type {(code: number, reason: string) => void} */
  #drop = () => {};
  /** @type {Map<string, Set<Handler>>} */
  #handlers = new Map();
  /** @type {Wanted | null} */
  #wanted = null;
  #isOpening = false;
  #isClosed = false;

  /** @param {string | URL} server @param {Player} player */
  constructor(server, player) {
    this.#url = new URL("v1/ws", new URL(server).href.replace(/\/?$/, "/"));
    this.#url.protocol = this.#url.protocol.replace("http", "ws");
    this.#player = player;
  }

  /**
   * Calls `handler` for each event of a type, `*` for all. Returns a function that ends it.
   * @param {string} type @param {Handler} handler
   */
  on(type, handler) {
    const handlers = this.#handlers.get(type) ?? new Set();
    this.#handlers.set(type, handlers.add(handler));
    return () => handlers.delete(handler);
  }

  /** Opens the connection; {@link connect} does. */
  open() {
    return this.#reach((code) => code !== TRY_AGAIN);
  }

  /** Takes a seat in a room, or watches it; waits in the queue of a full server. @param {JoinRequest} request @returns {Promise<Room>} */
  async join(request) {
    for (let ticket; ; ) {
      try {
        const room = await this.#ask("join_room", { ...request, ticket }, "joined");
        this.#player = { ...this.#player, view: request.view };
        return room;
      } catch (/** @type {any} */ error) {
        const { queue } = error;
        if (!queue) throw error;
        ticket = queue.ticket;
        this.#tell("queued", queue);
        await new Promise((resolve) => setTimeout(resolve, 1000 * queue.ask_again_s));
      }
    }
  }

  /** Leaves the room, and gives the seat up. */
  async leave() {
    await this.#ask("leave_room", undefined, "left");
  }

  /** Sends 1 to 256 bytes to all members, the own player included. @param {Uint8Array} data */
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

  start() {
    this.send("start");
  }

  /** Sends the 8 bytes of a tick, by default of the next one. @param {Uint8Array} bytes @param {number | null} [frame] */
  input(bytes, frame = null) {
    this.send("input", { frame_id: frame, input_data: toBase64(bytes) });
  }

  /** Sends any message of `GET /v1/ws`. @param {string} type @param {object} [payload] */
  send(type, payload) {
    // While the connection is lost nothing is kept for later.
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type, payload }));
  }

  /** Closes the connection; a seat is kept for a while. */
  close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#drop(1000, "the connection was closed");
  }

  /** @param {string} type @param {object | undefined} payload @param {string} answer */
  async #ask(type, payload, answer) {
    if (this.#isOpening || this.#isClosed) throw new Refused("there is no connection to the server", "lost");
    if (this.#wanted) throw new Refused("another request waits for its answer", "busy");
    this.send(type, payload);
    return this.#want(answer);
  }

  /** @param {string} type @returns {Promise<any>} */
  #want(type) {
    return new Promise((resolve, reject) => (this.#wanted = { type, resolve, reject }));
  }

  /**
   * Connects and sends a request, again and again until it works or fails for good.
   * @param {(code: any) => boolean} isOver @param {JoinRequest} [request]
   */
  async #reach(isOver, request) {
    const until = Date.now() + RETRY_MS;
    this.#isOpening = true;
    try {
      for (let ms = 250; ; ms = Math.min(2 * ms, 4000)) {
        try {
          await this.#connect();
          if (!request) return;
          this.send("join_room", request);
          return await this.#want("joined");
        } catch (/** @type {any} */ error) {
          this.#drop(1000, "");
          if (this.#isClosed || Date.now() > until || isOver(error.code)) throw error;
        }
        await pause(ms);
      }
    } finally {
      this.#isOpening = false;
    }
  }

  async #connect() {
    if (this.#isClosed) throw new Refused("the connection was closed", 1000);
    const socket = new WebSocket(this.#url);
    let unanswered = 0;
    this.#drop = (code, reason) => {
      clearInterval(beat);
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close(1000);
      this.#end(new Refused(reason || "the connection to the server was lost", code));
    };
    // Browsers notice a dead link after minutes. Timers of a hidden page are slow, so pings count, and not time.
    const beat = setInterval(() => {
      if (unanswered++ === UNANSWERED_MAX) this.#drop(1006, "");
      this.send("ping", { seq: Math.floor(performance.now()) });
    }, PING_MS);
    socket.onopen = () => this.send("auth", this.#player);
    socket.onmessage = ({ data }) => {
      unanswered = 0;
      this.#take(JSON.parse(data));
    };
    socket.onclose = ({ code, reason }) => this.#drop(code, reason);
    this.#socket = socket;
    // The seat of `resume` comes back right after the authentication.
    return this.#want(this.#player.resume ? "joined" : "authenticated");
  }

  /** @param {{type: string, payload?: any}} message */
  #take({ type, payload }) {
    const field = BYTES[type];
    if (field) payload[field] = fromBase64(payload[field]);
    for (const part of [...(payload?.inputs ?? []), ...(payload?.commands ?? [])]) part.data = fromBase64(part.data);
    this.#follow(type, payload);
    const wanted = this.#wanted;
    const isRefused = wanted?.type === "joined" && (type === "left" || type === "refused");
    if (wanted && (wanted.type === type || isRefused)) {
      this.#wanted = null;
      if (isRefused) wanted.reject(new Refused(payload.reason, payload.code ?? type, payload.queue));
      else wanted.resolve(this.room);
    }
    this.#tell(type, payload);
  }

  /** @param {string} type @param {any} payload */
  #tell(type, payload) {
    for (const name of [type, "*"]) this.#handlers.get(name)?.forEach((handler) => handler(payload, type));
  }

  /** Keeps `room` as it is. @param {string} type @param {any} payload */
  #follow(type, payload) {
    const { room } = this;
    if (type === "joined") {
      this.room = { ...payload, members: new Map(payload.members.map((/** @type {Member} */ member) => [member.slot, member])) };
      this.#player = { ...this.#player, resume: undefined };
    }
    if (type === "left") this.room = null;
    if (!room || room !== this.room) return;
    if (typeof payload?.msg_id === "number") room.msg_id = payload.msg_id + 1;
    const { slot } = payload ?? {};
    if (type === "player_joined") room.members.set(slot, payload);
    if (type === "player_left") room.members.delete(slot);
    if (type === "player_state") Object.assign(room.members.get(slot) ?? {}, { state: payload.state });
    if (CHANGES[type]) Object.assign(room, { [type]: payload[CHANGES[type]] });
    if (type === "phase") this.#enter(room, payload.phase);
    if (type === "results") this.#enter(room, { name: type, match_no: payload.match_no, last_frame: payload.last_frame });
  }

  /** A phase changes the states of the members, without a message for each. @param {Room} room @param {Phase} phase */
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

  /** @param {Refused} error */
  #end(error) {
    const { room } = this;
    this.room = null;
    this.#wanted?.reject(error);
    this.#wanted = null;
    if (this.#isOpening) return;
    if (room && !this.#isClosed && !isFinal(error.code)) return void this.#retry(room, error);
    this.#isClosed = true;
    this.#tell("closed", error);
  }

  /** Tries to come back until the seat is lost. @param {Room} room @param {Refused} lost */
  async #retry({ code, resume }, lost) {
    const { view } = this.#player;
    this.#player = { ...this.#player, resume: resume ?? undefined };
    this.#isOpening = true;
    this.#tell("lost", lost);
    try {
      await pause(250);
      // A spectator has no seat, and asks once more.
      await this.#reach(isFinal, resume ? undefined : { code, watch: true, view });
      this.#tell("back", this.room);
    } catch (/** @type {any} */ error) {
      this.#end(error);
    }
  }
}
