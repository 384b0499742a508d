// The clients of the Colyseus side, with its own SDK, in a process of their own: `clients.mjs URL ROOMS`. `colyseus`
// starts it.
//
// Tells its parent when all clients play; counts what they receive from "begin" to "end", and tells that.
import { FRAME, INPUT, INPUT_BYTES, PLAYERS, TICK_RATE } from "./messages.mjs";

/** Milliseconds between two looks at what is to be sent. */
const LOOP_INTERVAL = 5;

// The SDK then takes the package `ws`, which costs these clients less than Node's own WebSocket.
delete globalThis.WebSocket;
const { Client } = await import("@colyseus/sdk");

class Player {
  #room;
  #input = new Uint8Array(INPUT_BYTES);
  #numbers = new DataView(this.#input.buffer);
  #sent = 0;
  #sendAt = performance.now();
  /** Number of the next input of each seat; undefined before the first. */
  #next = new Array(PLAYERS);
  #counted = { frames: 0, inputs: 0, lost: 0 };

  constructor(room) {
    this.#room = room;
    room.onMessage(FRAME, (frame) => this.#receive(frame));
  }

  send(now) {
    if (now < this.#sendAt) return;
    this.#sendAt += 1000 / TICK_RATE;
    this.#numbers.setUint32(0, this.#sent);
    this.#sent += 1;
    this.#room.sendBytes(INPUT, this.#input);
  }

  takeCounted() {
    const counted = this.#counted;
    this.#counted = { frames: 0, inputs: 0, lost: 0 };
    return counted;
  }

  #receive(frame) {
    const numbers = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    this.#counted.frames += 1;
    for (let at = 0; at < frame.byteLength; at += 1 + INPUT_BYTES) {
      const seat = frame[at];
      const number = numbers.getUint32(at + 1);
      this.#counted.inputs += 1;
      this.#counted.lost += number - (this.#next[seat] ?? number);
      this.#next[seat] = number + 1;
    }
  }
}

const [url, rooms] = process.argv.slice(2);
const client = new Client(url);
const players = [];
for (let room = 0; room < Number(rooms); room += 1) {
  const first = await client.create("relay");
  players.push(new Player(first));
  for (let other = 1; other < PLAYERS; other += 1) players.push(new Player(await client.joinById(first.roomId)));
}
setInterval(() => {
  const now = performance.now();
  for (const player of players) player.send(now);
}, LOOP_INTERVAL);

process.on("disconnect", () => process.exit());
process.on("message", (order) => {
  const counted = players.map((player) => player.takeCounted());
  if (order === "end") process.send(counted);
});
process.send("playing");
