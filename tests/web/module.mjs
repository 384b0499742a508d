// framehouse.js in Node: rooms, order of messages, chat, refusals, resume, and the closing of a room.
//
//   node module.mjs SERVER

import assert from "node:assert/strict";

import { Refused, connect, newSecret } from "../../client/web/framehouse.js";
import { until } from "./chromium.mjs";

const server = process.argv[2];
const text = (bytes) => new TextDecoder().decode(bytes);

/** A connection that notes all that it is told. */
async function client(name, more) {
  const house = await connect(server, { name, ...more });
  const told = [];
  house.on("*", (payload, type) => told.push({ type, ...payload }));
  return { house, told, of: (type) => told.filter((message) => message.type === type) };
}

async function roomsAndMessages() {
  const [ada, bob] = [await client("Ada", { secret: newSecret() }), await client("Bob")];
  const room = await ada.house.join({ create: { size: 4 } });
  await bob.house.join({ code: room.code });
  assert.deepEqual([room.slot, bob.house.room.slot, bob.house.room.host], [0, 1, 0]);
  await until("Ada sees Bob", () => room.members.get(1)?.name === "Bob");
  for (let number = 0; number < 10; number++) {
    ada.house.message(new TextEncoder().encode(`ada ${number}`));
    bob.house.message(new TextEncoder().encode(`bob ${number}`));
  }
  ada.house.chat("Hello, 世界!");
  const all = () => [ada, bob].every(({ of }) => of("message").length === 20 && of("chat").length === 1);
  await until("both have all messages", all);
  const seen = ({ of }) => of("message").map(({ msg_id, from, data }) => [msg_id, from, text(data)]);
  assert.deepEqual(seen(ada), seen(bob), "everybody sees the same order, own messages too");
  const own = seen(ada).filter(([, from]) => from === 0);
  assert.deepEqual(own.map(([, , words]) => words), [...Array(10).keys()].map((number) => `ada ${number}`));
  assert.equal(bob.of("chat")[0].text, "Hello, 世界!");
  const [joined] = bob.of("joined");
  const ids = bob.told.filter((message) => message !== joined && typeof message.msg_id === "number").map(({ msg_id }) => msg_id);
  assert.deepEqual(ids, ids.map((_, index) => joined.msg_id + index), "no event is missing");
  bob.house.ready(true);
  await until("Ada sees that Bob is ready", () => room.members.get(1).state === "ready");
  await bob.house.leave();
  assert.equal(bob.house.room, null);
  await until("Ada sees that Bob has left", () => room.members.size === 1);
  ada.house.send("close_room");
  await until("Ada is told that the room is closed", () => ada.of("left")[0]?.code === "room_closed");
  [ada, bob].forEach(({ house }) => house.close());
}

async function refusals() {
  const eve = await client("Eve");
  await assert.rejects(eve.house.join({ code: "2222" }), Refused);
  const room = await eve.house.join({ room_id: "a-room-of-eve" });
  const too = await client("Ed");
  assert.equal((await too.house.join({ room_id: "a-room-of-eve" })).code, room.code, "a name leads to the same room");
  await assert.rejects(connect("http://127.0.0.1:1", { name: "Nobody" }), Refused);
  [eve, too].forEach(({ house }) => house.close());
}

/** A seat comes back to the one who has its secret. */
async function resume() {
  const ann = await client("Ann");
  const { code, slot, resume } = await ann.house.join({ create: { size: 4 } });
  const ben = await client("Ben");
  await ben.house.join({ code });
  ann.house.close();
  await until("Ben sees that Ann is away", () => ben.house.room.members.get(slot).state === "away");
  const again = await client("Ann", { resume });
  assert.deepEqual([again.house.room.code, again.house.room.slot], [code, slot]);
  await until("Ben sees that Ann is back", () => ben.house.room.members.get(slot).state !== "away");
  [again, ben].forEach(({ house }) => house.close());
}

for (const part of [roomsAndMessages, refusals, resume]) {
  await part();
  console.log(`${part.name}: good`);
}
process.exit(0);
