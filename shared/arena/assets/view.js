// The arena in a browser: reads view frames (../src/web_view.rs), draws them, and makes inputs. Who calls what is in
// client/web/README.md.

const HALF = { x: 800, y: 450 };
const TURN = 2 * Math.PI;
const SPARK_SPEED = 860;
/** Colours of gems, each from a value on; the last one is also the jackpot's. */
const GEM_COLORS = [[0, "#4fd88a"], [3, "#4ab8ff"], [5, "#b58cff"], [8, "#ffb938"], [15, "#ff7ac6"]];
/** Inputs that carry one press of dash: the first may come just before it has cooled down. */
const DASH_INPUTS = 4;
const PARTICLES_MAX = 240;
/** Height of the own player's panel, with some space. */
const PANEL_PX = 54;

const say = (english, chinese) => (/^zh/.test(globalThis.navigator?.language) ? chinese : english);

export const help = say(
  "WASD or arrows: move. Mouse: aim. Left button or Space: fire. Shift: dash.",
  "WASD 或方向键：移动。鼠标：瞄准。左键或空格：射击。Shift：冲刺。",
);
export const touch = {
  sticks: [say("Move", "移动"), say("Aim and fire", "瞄准射击")],
  buttons: [["ShiftLeft", say("Dash", "冲刺")]],
};

// --- Bytes

/** Sizes and obstacles of the map; each frame brings one of them. */
let map = { stamp: -1, items: [], version: 0, sizes: [22, 11, 7] };

export function decode(bytes) {
  let at = 0;
  const byte = () => bytes[at++];
  const short = () => byte() | (byte() << 8);
  const angle = () => (byte() / 256) * TURN;
  // Two numbers of 12 bits.
  const place = () => {
    const bits = (byte() << 16) | (byte() << 8) | byte();
    const part = (number, half) => (number / 4095) * 2 * half - half;
    return { x: part(bits >> 12, HALF.x), y: part(bits & 4095, HALF.y) };
  };
  const list = (read) => new Map(Array.from({ length: byte() }, read));
  const secondsLeft = short() / 10;
  readMapItem(short(), byte(), bytes.subarray(at), byte(), [place(), place(), byte()]);
  return {
    secondsLeft,
    crafts: list(() => {
      const [flags, position, aim, wait, points] = [byte(), place(), angle(), byte() / 255, short()];
      return [flags & 15, { ...position, aim, wait, points, shield: flags & 16, times: flags >> 5 }];
    }),
    sparks: list(() => {
      const key = byte();
      return [key, { owner: key >> 4, ...place(), angle: angle() }];
    }),
    gems: list(() => {
      const [id, position, look] = [byte(), place(), byte()];
      // Ids are cut to a byte. Kind and value, which stay the same, help to tell gems apart.
      return [id + 256 * (look & 0x5f), { ...position, value: look & 15, jackpot: look & 16, fades: look & 32 }];
    }),
  };
}

function readMapItem(stamp, index, raw, kind, [from, to, radius]) {
  if (map.stamp !== stamp) map = { ...map, stamp, items: [] };
  if (map.items[index]) return;
  map.version++;
  map.items[index] = kind === 1 ? { from, to, radius } : { center: from, half: { x: raw[4] * 2, y: raw[5] * 2 } };
  if (kind === 0) [map.items[index], map.sizes] = [{}, [...raw.subarray(1, 4)]];
}

// --- Drawing

let shown = null;
let seconds = 0;
let particles = [];
let texts = [];
/** How bright each craft flashes, 1 to 0, by slot. */
const flashes = new Map();
/** The middle of the picture in the arena, and on the screen. */
const camera = { x: 0, y: 0, scale: 0, left: 0, top: 0 };
let ownPlace = null;
let shake = 0;

/** What is drawn before the first frame. */
const EMPTY = { crafts: new Map(), sparks: new Map(), gems: new Map() };

export function draw(context, frame, previous, alpha) {
  frame ??= EMPTY;
  const { paint } = context;
  const passed = Math.min(0.1, Math.max(0, context.seconds - seconds));
  seconds = context.seconds;
  const crafts = between(frame.crafts, previous?.crafts, alpha);
  if (frame !== shown) notice(context, frame, previous);
  shown = frame;
  ownPlace = crafts.get(context.own) ?? null;
  // The own aim is shown at once, and not when the server has it.
  if (ownPlace) ownPlace.aim = (last[2] / 256) * TURN;
  aimCamera(context, crafts, passed);
  drawFloor(context);
  paint.save();
  const jolt = (shake *= Math.exp(-7 * passed)) * 5;
  const { x, y, scale, left, top } = camera;
  paint.translate(left - x * scale + Math.sin(seconds * 70) * jolt, top + y * scale + Math.sin(seconds * 52) * jolt);
  paint.scale(scale, -scale);
  for (const [id, gem] of between(frame.gems, previous?.gems, alpha)) drawGem(paint, id, gem);
  for (const spark of flights(context, frame, previous, alpha)) drawSpark(context, spark);
  for (const [slot, craft] of crafts) drawCraft(context, slot, craft, passed);
  drawParticles(paint, passed);
  for (const [slot, craft] of crafts) drawName(context, slot, craft);
  drawTexts(paint, passed);
  paint.restore();
  if (ownPlace) drawPanel(context, ownPlace);
}

const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

/** Everything that is in the new frame, at its position between both frames. */
function between(now, before, alpha) {
  const place = ([key, thing]) => {
    const old = before?.get(key) ?? thing;
    // A key that is used again for something else does not fly across the arena.
    const part = distance(thing, old) > 260 ? 0 : 1 - alpha;
    return [key, { ...thing, x: thing.x + (old.x - thing.x) * part, y: thing.y + (old.y - thing.y) * part }];
  };
  return new Map([...now].map(place));
}

/** Sparks along their paths; new ones come from their craft. */
function* flights(context, frame, previous, alpha) {
  const step = previous ? (SPARK_SPEED * (frame.tick - previous.tick)) / context.tickRate : 0;
  for (const [key, spark] of frame.sparks) {
    const way = (alpha - 1) * (previous?.sparks.has(key) ? step : Math.min(step, 30));
    yield { ...spark, x: spark.x + Math.cos(spark.angle) * way, y: spark.y + Math.sin(spark.angle) * way };
  }
}

/** Shows what happened between two frames. */
function notice({ color, own }, frame, previous) {
  if (!previous) return ([particles, texts] = [[], []]);
  const nearest = (place, reach, but) => {
    const near = [...frame.crafts].filter(([slot, craft]) => slot !== but && distance(craft, place) < reach);
    return near.sort(([, a], [, b]) => distance(a, place) - distance(b, place))[0] ?? [];
  };
  const gains = new Map();
  for (const [slot, craft] of frame.crafts) {
    const old = previous.crafts.get(slot) ?? craft;
    if (old === craft) burst(craft, color(slot), 150, 130);
    if (craft.wait > old.wait + 0.3) {
      burst(old, color(slot), 96, 60);
      scatter(old, color(slot), 10, 150);
    }
    const gain = craft.points - old.points;
    gains.set(slot, gain);
    const [words, tint] = gain > 0 ? [`+${gain}`, "#62e08a"] : [`−${-gain}`, "#ff6b5e"];
    if (gain) texts.push({ x: craft.x, y: craft.y + 26, age: 0, words, color: tint });
  }
  for (const [key, spark] of previous.sparks) {
    if (frame.sparks.has(key)) continue;
    const [victim] = nearest(spark, map.sizes[0] + 80, spark.owner);
    const isHit = gains.get(victim) < 0;
    burst(spark, isHit ? "#ffffff" : color(spark.owner), isHit ? 104 : 24, isHit ? 90 : 46);
    scatter(spark, color(spark.owner), isHit ? 12 : 5, isHit ? 330 : 170);
    if (isHit) flashes.set(victim, 1);
    if (isHit && victim === own) shake = 1;
  }
  for (const [id, gem] of previous.gems) {
    if (frame.gems.has(id)) continue;
    const [slot, taker] = nearest(gem, map.sizes[0] + map.sizes[1] + 60);
    if (!taker) continue;
    burst(taker, gemColor(gem), 74, 80);
    scatter(gem, gemColor(gem), 6 + Math.min(gem.value, 12), 230);
    flashes.set(slot, Math.max(flashes.get(slot) ?? 0, 0.3));
  }
}

function aimCamera({ width, height, inset }, crafts, passed) {
  const below = inset.bottom + (ownPlace ? PANEL_PX : 0);
  const [wide, high] = [width - inset.right, height - inset.top - below];
  const fits = high / (2 * HALF.y + 60);
  // A narrow screen shows a part of the arena, around the player.
  const scale = Math.max(Math.min(wide / (2 * HALF.x + 60), fits), Math.min(0.5, fits));
  const all = ownPlace ? [ownPlace] : [...crafts.values()];
  const rate = camera.scale === scale ? 1 - Math.exp(-6 * passed) : 1;
  for (const [axis, size] of [["x", wide], ["y", high]]) {
    const room = Math.max(0, HALF[axis] + 30 - size / scale / 2);
    const mean = all.reduce((sum, craft) => sum + craft[axis], 0) / (all.length || 1);
    camera[axis] += (Math.min(room, Math.max(-room, mean)) - camera[axis]) * rate;
  }
  Object.assign(camera, { scale, left: wide / 2, top: inset.top + high / 2 });
}

// --- Pictures, painted once

const pictures = new Map();
function picture(key, width, height, look) {
  if (!pictures.has(key)) {
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    look(canvas.getContext("2d"), width, height);
    pictures.set(key, canvas);
  }
  return pictures.get(key);
}

/** A disc of light that fades from its centre. */
function shine(paint, color, { x, y }, size, strength) {
  const glow = picture(`glow ${color}`, 64, 64, (layer) => {
    const steps = ["ff", "c3", "8f", "64", "40", "24", "10", "04", "00"].map((part) => color + part);
    box(layer, 0, 0, 64, 64, 0, fade(layer.createRadialGradient(32, 32, 0, 32, 32, 32), ...steps));
  });
  paint.globalAlpha = strength;
  paint.drawImage(glow, x - size / 2, y - size / 2, size, size);
  paint.globalAlpha = 1;
}

function turned(paint, { x, y }, angle, paintIt) {
  paint.save();
  paint.translate(x, y);
  paint.rotate(angle);
  paintIt();
  paint.restore();
}

function fade(gradient, ...colors) {
  colors.forEach((color, index) => gradient.addColorStop(index / (colors.length - 1), color));
  return gradient;
}

function fill(paint, color) {
  paint.fillStyle = color;
  paint.fill();
}

function disc(paint, { x, y }, radius, color) {
  paint.beginPath();
  paint.arc(x, y, radius, 0, TURN);
  fill(paint, color);
}

function stroke(paint, color, width) {
  [paint.strokeStyle, paint.lineWidth] = [color, width];
  paint.stroke();
}

function box(paint, x, y, width, height, radius, color) {
  paint.beginPath();
  paint.roundRect(x, y, width, height, radius);
  fill(paint, color);
}

/** The floor and the obstacles, as large as they are shown. */
function drawFloor({ paint, width, height, ratio }) {
  box(paint, 0, 0, width, height, 0, "#080b13");
  const scale = camera.scale * ratio;
  const size = (half) => Math.ceil((2 * half + 40) * scale);
  const key = `floor ${scale} ${map.version}`;
  if (!pictures.has(key)) for (const old of pictures.keys()) if (old.startsWith("floor")) pictures.delete(old);
  const floor = picture(key, size(HALF.x), size(HALF.y), (layer, w, h) => {
    layer.translate(w / 2, h / 2);
    layer.scale(scale, -scale);
    paintFloor(layer);
    map.items.filter(({ from, center }) => from ?? center).forEach((item) => paintObstacle(layer, item));
    // Dark corners.
    const shade = fade(layer.createRadialGradient(0, 0, 520, 0, 0, 960), "#0000", "#000003a0");
    box(layer, -HALF.x, -HALF.y, 2 * HALF.x, 2 * HALF.y, 0, shade);
  });
  // On whole pixels: it is only copied then.
  const whole = (place) => Math.round(place * ratio) / ratio;
  const left = whole(camera.left - (camera.x + HALF.x + 20) * camera.scale);
  const top = whole(camera.top + (camera.y - HALF.y - 20) * camera.scale);
  paint.drawImage(floor, left, top, floor.width / ratio, floor.height / ratio);
}

function paintFloor(layer) {
  const floor = (color) => box(layer, -HALF.x - 2, -HALF.y - 2, 2 * HALF.x + 4, 2 * HALF.y + 4, 18, color);
  floor("#0d111d");
  fill(layer, fade(layer.createRadialGradient(0, 0, 0, 0, 0, 650), "#406bd922", "#406bd900"));
  layer.beginPath();
  for (let x = -720; x <= 720; x += 80) layer.moveTo(x, -HALF.y), layer.lineTo(x, HALF.y);
  for (let y = -400; y <= 400; y += 80) layer.moveTo(-HALF.x, y), layer.lineTo(HALF.x, y);
  stroke(layer, "#6b8ad91c", 2.5);
  // The light of the wall on the floor, then the wall.
  for (const [wide, color] of [[36, "#33508c14"], [20, "#33508c1c"], [8, "#29478c40"], [4, "#33497f"]]) {
    floor("#0000");
    stroke(layer, color, wide);
  }
}

/** A rim with a shadow, and the face inside it. */
function paintObstacle(layer, { from, to, radius, center, half }) {
  [layer.lineCap, layer.shadowBlur, layer.shadowOffsetY] = ["round", 18, 7];
  for (const [inside, color, shadow] of [[0, "#5670a8", "#000a"], [3, "#202841", "#0000"]]) {
    layer.shadowColor = shadow;
    if (center) {
      const [x, y] = [half.x - inside, half.y - inside];
      box(layer, center.x - x, center.y - y, 2 * x, 2 * y, 0, color);
      continue;
    }
    layer.beginPath();
    layer.moveTo(from.x, from.y);
    layer.lineTo(to.x, to.y);
    stroke(layer, color, 2 * (radius - inside));
  }
}

// --- Things in the arena

const gemColor = ({ value, jackpot }) => (jackpot ? GEM_COLORS[4] : GEM_COLORS.findLast(([least]) => value >= least))[1];

function drawGem(paint, id, gem) {
  const color = gemColor(gem);
  const beat = 1 + 0.05 * Math.sin(seconds * 2 + id);
  const size = map.sizes[1] * (gem.jackpot ? 3.2 : 1.6 + 0.1 * Math.min(gem.value, 10)) * beat;
  const blink = gem.fades ? 0.55 + 0.45 * Math.sin(seconds * 14) ** 2 : 1;
  shine(paint, color, gem, size * (gem.jackpot ? 6.4 : 4.8), 0.36 * blink);
  const body = picture(`gem ${color}`, 64, 64, (layer) => {
    layer.translate(32, 32);
    for (const [radius, tint] of [[30, `${color}80`], [18, color], [9, "#12141c"]]) {
      layer.beginPath();
      for (let angle = 0; angle < TURN; angle += TURN / 6) layer.lineTo(radius * Math.cos(angle), radius * Math.sin(angle));
      fill(layer, tint);
    }
  });
  paint.globalAlpha = blink;
  turned(paint, gem, seconds * 0.8 + id, () => paint.drawImage(body, -size, -size, 2 * size, 2 * size));
  paint.globalAlpha = 1;
}

function drawSpark(context, spark) {
  const { paint } = context;
  const color = context.color(spark.owner);
  const radius = map.sizes[2];
  const tail = fade(paint.createLinearGradient(-64, 0, 0, 0), `${color}00`, `${color}cc`);
  turned(paint, spark, spark.angle, () => box(paint, -64, -radius * 0.6, 64, radius * 1.2, 0, tail));
  shine(paint, color, spark, radius * 5.6, 0.75);
  disc(paint, spark, radius * 0.9, "#ffffffc0");
}

function drawCraft(context, slot, craft, passed) {
  const { paint } = context;
  const [color, own, radius] = [context.color(slot), slot === context.own, map.sizes[0]];
  shine(paint, color, craft, radius * (own ? 6.6 : 5.2), own ? 0.62 : 0.42);
  turned(paint, craft, craft.aim, () => {
    const middle = { x: 0, y: 0 };
    paint.scale(radius / 40, radius / 40);
    box(paint, 24, -16, 46, 32, 8, "#0f1218");
    disc(paint, middle, 40, "#0f1218");
    box(paint, 36, -10, 28, 20, 0, `${color}d9`);
    disc(paint, middle, 36, color);
  });
  shine(paint, "#ffffff", { x: craft.x - radius * 0.3, y: craft.y + radius * 0.35 }, radius * 1.4, 0.4);
  flashes.set(slot, (flashes.get(slot) ?? 0) * Math.exp(-7 * passed));
  shine(paint, "#ffffff", craft, radius * 3.4, flashes.get(slot));
  if (own) ring(paint, craft, radius * 1.02, "#fffffff0", 2.5);
  if (craft.shield) ring(paint, craft, radius * (1.42 + 0.05 * Math.sin(seconds * 5)), `${color}a0`, 3);
}

function ring(paint, place, radius, color, width) {
  disc(paint, place, radius, "#0000");
  stroke(paint, color, width);
}

/** A text that stays upright in the flipped arena. */
function write(paint, words, x, y, px, color) {
  turned(paint, { x, y }, 0, () => {
    paint.scale(1 / camera.scale, -1 / camera.scale);
    letters(paint, words, 0, 0, px, color, "center");
  });
}

function letters(paint, words, x, y, px, color, align) {
  paint.font = `600 ${px}px system-ui, sans-serif`;
  paint.textAlign = align;
  paint.fillStyle = "#05070dc0";
  paint.fillText(words, x + 1, y + 1);
  paint.fillStyle = color;
  paint.fillText(words, x, y);
}

function drawName(context, slot, craft) {
  const name = context.name(slot) + (craft.times > 1 ? ` ×${craft.times}` : "");
  write(context.paint, name, craft.x, craft.y + map.sizes[0] + 12, 12.5, slot === context.own ? "#ffffff" : "#b8c4e6");
}

function drawTexts(paint, passed) {
  texts = texts.filter((text) => (text.age += passed) < 0.9).slice(-40);
  for (const { x, y, age, words, color } of texts) {
    paint.globalAlpha = Math.min(1, (0.9 - age) * 3);
    write(paint, words, x, y + 40 * age, 15, color);
  }
  paint.globalAlpha = 1;
}

// --- Particles

function add(particle) {
  particles.push({ vx: 0, vy: 0, age: 0, ...particle });
  if (particles.length > PARTICLES_MAX) particles.shift();
}

/** A ring that grows and a flash, of these sizes. */
function burst({ x, y }, color, ring, flash) {
  add({ x, y, color, ring, size: [10, ring], life: 0.35 });
  add({ x, y, color, size: [flash, flash / 2], life: 0.22 });
}

function scatter({ x, y }, color, count, speed) {
  for (let number = 0; number < count; number++) {
    const [angle, fast] = [Math.random() * TURN, speed * (0.3 + 0.7 * Math.random())];
    add({ x, y, color, vx: Math.cos(angle) * fast, vy: Math.sin(angle) * fast, size: [20, 2], life: 0.5 });
  }
}

function drawParticles(paint, passed) {
  particles = particles.filter((one) => (one.age += passed) < one.life);
  for (const one of particles) {
    // They slow down.
    const way = (1 - Math.exp(-4 * one.age)) / 4;
    const place = { x: one.x + one.vx * way, y: one.y + one.vy * way };
    const part = one.age / one.life;
    const size = one.size[0] + (one.size[1] - one.size[0]) * (1 - (1 - part) ** 3);
    paint.globalAlpha = 1 - part;
    if (one.ring) ring(paint, place, size / 2, one.color, 4);
    else shine(paint, one.color, place, size, 1 - part);
  }
  paint.globalAlpha = 1;
}

// --- The player's own panel, and inputs

function drawPanel({ paint, width, height, inset, color, own }, craft) {
  const wide = Math.min(320, width - 24);
  const [left, top] = [camera.left - wide / 2, height - inset.bottom - PANEL_PX];
  box(paint, left, top, wide, 44, 9, "#0d1220");
  stroke(paint, "#2b3a5e", 1);
  letters(paint, String(craft.points), left + 16, top + 31, 24, "#eef3ff", "left");
  if (craft.times > 1) letters(paint, `×${craft.times}`, left + 84, top + 28, 16, "#ffb938", "left");
  const [groove, x, y] = [wide - 200, left + 122, top + 17];
  box(paint, x, y, groove, 10, 5, "#060910");
  box(paint, x, y, Math.max(10, groove * (1 - craft.wait)), 10, 5, color(own));
  letters(paint, say("DASH", "冲刺"), left + wide - 14, top + 27, 13, craft.wait ? "#8c9abd" : "#eef3ff", "right");
}

let last = [0, 0, 0, 0];
let dashesLeft = 0;
let wasDash = false;

export function input(keys, pointer) {
  const held = (...codes) => Number(codes.some((code) => keys.has(code)));
  const [stick, aim] = pointer.sticks;
  const [x, y] = [held("KeyD", "ArrowRight") - held("KeyA", "ArrowLeft"), held("KeyW", "ArrowUp") - held("KeyS", "ArrowDown")];
  const push = stick ?? { x, y };
  const length = Math.hypot(push.x, push.y);
  const dash = held("ShiftLeft", "ShiftRight") || pointer.second;
  if (dash && !wasDash) dashesLeft = DASH_INPUTS;
  wasDash = dash;
  let line = aim && Math.hypot(aim.x, aim.y) > 0.25 ? aim : null;
  const fire = held("Space") || pointer.first || line !== null;
  if (!line && ownPlace && pointer.x !== null) {
    line = {
      x: (pointer.x - camera.left) / camera.scale + camera.x - ownPlace.x,
      y: (camera.top - pointer.y) / camera.scale + camera.y - ownPlace.y,
    };
  }
  const angle = ({ x, y }) => Math.round((Math.atan2(y, x) / TURN) * 256) & 255;
  // Without a push the direction stays: the same byte costs nothing.
  last = [
    length > 0.05 ? angle(push) : last[0],
    Math.round(Math.min(1, length) * 255),
    line ? angle(line) : last[2],
    Number(fire) + (dashesLeft > 0 ? 2 : 0),
  ];
  dashesLeft = Math.max(0, dashesLeft - 1);
  return new Uint8Array([...last, 0, 0, 0, 0]);
}
