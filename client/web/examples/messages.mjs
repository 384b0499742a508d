// Sends messages to a room as fast as they come back, checks their order and the own echo, and prints the throughput.
//
//   node messages.mjs ROOM [SLOW]     ROOM is a name of your choice, SLOW the milliseconds to sleep at each message
//
// Node 22, or Node 20 with --experimental-websocket. FRAMEHOUSE is the server, http://127.0.0.1:7777 by default. It has to be
// started with FRAMEHOUSE_NET_ROOM_MESSAGES_PER_S=0: usually a client may send 20 messages a second.

import { connect } from "../framehouse.js";

const [name, slow] = process.argv.slice(2);
const house = await connect(process.env.FRAMEHOUSE ?? "http://127.0.0.1:7777", { name: `node ${process.pid}` });
const room = await house.join({ room_id: name ?? "messages" });
let [next, sent, own, all] = [room.msg_id, 0, 0, 0];

const send = () => house.message(new Uint8Array(new Uint32Array([sent++]).buffer));
const check = (is, wanted, what) => is === wanted || (console.error(`${what}: ${is} came, ${wanted} was due`), process.exit(1));

house.on("*", ({ msg_id } = {}) => typeof msg_id === "number" && check(msg_id, next++, "event"));
house.on("message", ({ from, data }) => {
  all++;
  if (slow) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(slow));
  if (from !== room.slot) return;
  check(new DataView(data.buffer).getUint32(0, true), own++, "own message");
  send();
});
house.on("closed", ({ message }) => (console.error(message), process.exit(1)));
for (let window = 0; window < 32; window++) send();
setInterval(() => (console.log(`${all} messages a second, ${own} of ${sent} own ones are back`), (all = 0)), 1000);
