// The Colyseus side: a server whose rooms of four relay the inputs of their members, and do nothing else:
// `server.mjs [CERTIFICATE KEY]`, with both over TLS. `colyseus` starts it.
//
// Lean on purpose: raw bytes, numbers as types of messages, no state and so no patches. The package `colyseus` is these
// two and tools, which would let PM2 measure the server as well.
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { Room, defineRoom, defineServer } from "@colyseus/core";
import { WebSocketTransport } from "@colyseus/ws-transport";
import { FRAME, INPUT, INPUT_BYTES, PLAYERS, TICK_RATE } from "./messages.mjs";

/** Inputs in a frame, at most: those of players whose network was late come together. */
const INPUTS_MAX = 64;

class Relay extends Room {
  maxClients = PLAYERS;
  #frame = new Uint8Array(INPUTS_MAX * (1 + INPUT_BYTES));
  #length = 0;

  onCreate() {
    this.onMessageBytes(INPUT, (client, input) => this.#collect(client.userData.seat, input));
    this.setFixedTimestep(() => this.#close(), TICK_RATE);
    // Only now: without patches and steps, a room would advance its clock itself, and the steps would lack that time.
    this.patchRate = null;
  }

  onJoin(client) {
    client.userData = { seat: this.clients.length - 1 };
  }

  #collect(seat, input) {
    if (input.length !== INPUT_BYTES || this.#length === this.#frame.length) return;
    this.#frame[this.#length] = seat;
    this.#frame.set(input, this.#length + 1);
    this.#length += 1 + INPUT_BYTES;
  }

  #close() {
    this.broadcastBytes(FRAME, this.#frame.subarray(0, this.#length));
    this.#length = 0;
  }
}

const [certificate, key] = process.argv.slice(2).map((file) => readFileSync(file));
const transport = new WebSocketTransport(certificate ? { server: createServer({ cert: certificate, key }) } : {});
const server = defineServer({ transport, greet: false, rooms: { relay: defineRoom(Relay) } });
await server.listen(0, "127.0.0.1");
process.on("disconnect", () => process.exit());
process.send({ port: transport.server.address().port });
