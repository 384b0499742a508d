// The arena in a browser: reads view frames (../src/web_view.rs writes their bytes), draws them, and makes inputs.
// What the page /r/CODE calls here, and when, is in client/web/README.md.

const HALF = { x: 800, y: 450 };
const TURN = 2 * Math.PI;
const SPARK_SPEED = 860;
/** Colours of gems, each with the smallest value that has it; the last one is also the jackpot's. */
const GEM_COLORS = [[0, "#4fd88a"], [3, "#4ab8ff"], [5, "#b58cff"], [8, "#ffb938"], [15, "#ff7ac6"]];
/** Inputs that carry one press of dash: the first may arrive just before the dash has cooled down. */
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
/** How bright each craft flashes, 1 falling to 0, by slot. */
const flashes = new Map();
/** The middle of the picture in the arena, and on the screen. */
const camera = { x: 0, y: 0, scale: 0, left: 0, top: 0 };
let ownPlace = null;
let shake = 0;

/** What is drawn before the first frame. */
const EMPTY = { secondsLeft: 0, crafts: new Map(), sparks: new Map(), gems: new Map() };

export function draw(context, frame, previous, alpha) {
  frame ??= EMPTY;
  const { paint } = context;
  const passed = Math.min(0.1, Math.max(0, context.seconds - seconds));
  seconds = context.seconds;
  const crafts = between(frame.crafts, previous?.crafts, alpha);
  if (frame !== shown) {
    notice(context, frame, previous);
    shown = frame;
  }
  ownPlace = crafts.get(context.own) ?? null;
  // The own aim is shown at once, and not when the server has it.
  if (ownPlace) ownPlace.aim = (last[2] / 256) * TURN;
  aimCamera(context, crafts, passed);
  drawFloor(context);
  paint.save();
  const jolt = (shake *= Math.exp(-7 * passed)) * 5;
  paint.translate(
    camera.left - camera.x * camera.scale + Math.sin(seconds * 70) * jolt,
    camera.top + camera.y * camera.scale + Math.sin(seconds * 52) * jolt,
  );
  paint.scale(camera.scale, -camera.scale);
  for (const [id, gem] of between(frame.gems, previous?.gems, alpha)) drawGem(paint, id, gem);
  for (const spark of flights(context, frame, previous, alpha)) drawSpark(context, spark);
  for (const [slot, craft] of crafts) drawCraft(context, slot, craft, passed);
  drawParticles(paint, passed);
  for (const [slot, craft] of crafts) drawName(context, slot, craft);
  drawTexts(paint, passed);
  paint.restore();
  if (ownPlace) drawPanel(context, ownPlace);
}

/** Everything that is in the new frame, at its position between both frames. */
function between(now, before, alpha) {
  const mixed = new Map();
  for (const [key, thing] of now) {
    const old = before?.get(key) ?? thing;
    // A key that is used again for something else does not fly across the arena.
    const part = Math.hypot(thing.x - old.x, thing.y - old.y) > 260 ? 0 : 1 - alpha;
    mixed.set(key, { ...thing, x: thing.x + (old.x - thing.x) * part, y: thing.y + (old.y - thing.y) * part });
  }
  return mixed;
}

/** Sparks along their paths; new ones come from their craft. */
function* flights(context, frame, previous, alpha) {
  const step = (SPARK_SPEED * (frame.tick - (previous?.tick ?? frame.tick))) / context.tickRate;
  for (const [key, spark] of frame.sparks) {
    const back = previous && !previous.sparks.has(key) ? Math.min(step, 30) : step;
    const left = back * (1 - alpha);
    yield { ...spark, x: spark.x - Math.cos(spark.angle) * left, y: spark.y - Math.sin(spark.angle) * left };
  }
}

/** Shows what happened between two frames. They hold only what is there, so no event gets lost with a frame. */
function notice({ color, own }, frame, previous) {
  if (!previous) return ([particles, texts] = [[], []]);
  const nearest = (place, reach, but) => {
    const far = ([, craft]) => Math.hypot(craft.x - place.x, craft.y - place.y);
    const near = [...frame.crafts].filter((craft) => craft[0] !== but && far(craft) < reach);
    return near.sort((a, b) => far(a) - far(b))[0] ?? [];
  };
  const gains = new Map();
  for (const [slot, craft] of frame.crafts) {
    const old = previous.crafts.get(slot);
    if (!old) burst(craft, color(slot), 150, 130);
    if (craft.wait > (old?.wait ?? 1) + 0.3) {
      burst(old, color(slot), 96, 60);
      scatter(old, color(slot), 10, 150);
    }
    const gain = old ? craft.points - old.points : 0;
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
  // On a narrow screen the whole arena would be tiny: show a part of it, around the player.
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
const glow = (color) =>
  picture(`glow ${color}`, 64, 64, (paint) => {
    const steps = ["ff", "c3", "8f", "64", "40", "24", "10", "04", "00"].map((part) => color + part);
    paint.fillStyle = fade(paint.createRadialGradient(32, 32, 0, 32, 32, 32), ...steps);
    paint.fillRect(0, 0, 64, 64);
  });

function shine(paint, color, { x, y }, size, strength) {
  paint.globalAlpha = strength;
  paint.drawImage(glow(color), x - size / 2, y - size / 2, size, size);
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

function disc(paint, { x, y }, radius) {
  paint.beginPath();
  paint.arc(x, y, radius, 0, TURN);
}

/** The floor with its grid and the obstacles, as large as it is shown. */
function drawFloor(context) {
  const { paint, width, height, ratio } = context;
  paint.fillStyle = "#080b13";
  paint.fillRect(0, 0, width, height);
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
    layer.fillStyle = fade(layer.createRadialGradient(0, 0, 520, 0, 0, 960), "#0000", "#000003a0");
    layer.fillRect(-HALF.x, -HALF.y, 2 * HALF.x, 2 * HALF.y);
  });
  // On whole pixels: it is only copied then.
  const whole = (place) => Math.round(place * ratio) / ratio;
  const left = whole(camera.left - (camera.x + HALF.x + 20) * camera.scale);
  const top = whole(camera.top + (camera.y - HALF.y - 20) * camera.scale);
  paint.drawImage(floor, left, top, floor.width / ratio, floor.height / ratio);
}

function paintFloor(layer) {
  const box = (grow) => {
    layer.beginPath();
    layer.roundRect(-HALF.x - grow, -HALF.y - grow, 2 * (HALF.x + grow), 2 * (HALF.y + grow), 18);
  };
  box(2);
  layer.fillStyle = "#0d111d";
  layer.fill();
  layer.fillStyle = fade(layer.createRadialGradient(0, 0, 0, 0, 0, 650), "#406bd922", "#406bd900");
  layer.fill();
  layer.strokeStyle = "#6b8ad91c";
  layer.lineWidth = 2.5;
  layer.beginPath();
  for (let x = -720; x <= 720; x += 80) layer.moveTo(x, -HALF.y), layer.lineTo(x, HALF.y);
  for (let y = -400; y <= 400; y += 80) layer.moveTo(-HALF.x, y), layer.lineTo(HALF.x, y);
  layer.stroke();
  // The light of the wall on the floor, then the wall.
  for (const [wide, color] of [[36, "#33508c14"], [20, "#33508c1c"], [8, "#29478c40"], [4, "#33497f"]]) {
    box(2);
    layer.lineWidth = wide;
    layer.strokeStyle = color;
    layer.stroke();
  }
}

/** A rim with a shadow, and the face inside it. */
function paintObstacle(layer, { from, to, radius, center, half }) {
  [layer.lineCap, layer.shadowColor, layer.shadowOffsetY] = ["round", "#000a", 7];
  for (const [inside, color, blur] of [[0, "#5670a8", 18], [3, "#202841", 0]]) {
    [layer.strokeStyle, layer.fillStyle, layer.shadowBlur] = [color, color, blur];
    if (blur === 0) layer.shadowColor = "#0000";
    if (center) {
      const [x, y] = [half.x - inside, half.y - inside];
      layer.fillRect(center.x - x, center.y - y, 2 * x, 2 * y);
      continue;
    }
    layer.lineWidth = 2 * (radius - inside);
    layer.beginPath();
    layer.moveTo(from.x, from.y);
    layer.lineTo(to.x, to.y);
    layer.stroke();
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
    const hexagon = (radius, fill) => {
      layer.beginPath();
      for (let corner = 0; corner < 6; corner++) {
        layer.lineTo(32 + radius * Math.cos((corner / 6) * TURN), 32 + radius * Math.sin((corner / 6) * TURN));
      }
      layer.fillStyle = fill;
      layer.fill();
    };
    hexagon(30, `${color}80`);
    hexagon(18, color);
    hexagon(9, "#12141c");
  });
  paint.globalAlpha = blink;
  turned(paint, gem, seconds * 0.8 + id, () => paint.drawImage(body, -size, -size, 2 * size, 2 * size));
  paint.globalAlpha = 1;
}

function drawSpark(context, spark) {
  const { paint } = context;
  const color = context.color(spark.owner);
  const radius = map.sizes[2];
  paint.fillStyle = fade(paint.createLinearGradient(-64, 0, 0, 0), `${color}00`, `${color}cc`);
  turned(paint, spark, spark.angle, () => paint.fillRect(-64, -radius * 0.6, 64, radius * 1.2));
  shine(paint, color, spark, radius * 5.6, 0.75);
  disc(paint, spark, radius * 0.9);
  paint.fillStyle = "#ffffffc0";
  paint.fill();
}

function drawCraft(context, slot, craft, passed) {
  const { paint } = context;
  const [color, own, radius] = [context.color(slot), slot === context.own, map.sizes[0]];
  shine(paint, color, craft, radius * (own ? 6.6 : 5.2), own ? 0.62 : 0.42);
  // The hull's radius is 40 pixels.
  const body = picture(`craft ${color}`, 160, 160, (layer) => {
    const middle = { x: 80, y: 80 };
    layer.beginPath();
    layer.roundRect(104, 64, 46, 32, 8);
    layer.fillStyle = "#0f1218";
    layer.fill();
    disc(layer, middle, 40);
    layer.fill();
    layer.fillStyle = color;
    layer.globalAlpha = 0.85;
    layer.fillRect(116, 70, 28, 20);
    layer.globalAlpha = 1;
    disc(layer, middle, 36);
    layer.fill();
  });
  const side = 2 * radius;
  turned(paint, craft, craft.aim, () => paint.drawImage(body, -side, -side, 2 * side, 2 * side));
  shine(paint, "#ffffff", { x: craft.x - radius * 0.3, y: craft.y + radius * 0.35 }, radius * 1.4, 0.4);
  const flash = (flashes.get(slot) ?? 0) * Math.exp(-7 * passed);
  flashes.set(slot, flash);
  shine(paint, "#ffffff", craft, radius * 3.4, flash);
  if (own) ring(paint, craft, radius * 1.02, "#fffffff0", 2.5);
  if (craft.shield) ring(paint, craft, radius * (1.42 + 0.05 * Math.sin(seconds * 5)), `${color}a0`, 3);
}

function ring(paint, place, radius, color, width) {
  disc(paint, place, radius);
  paint.lineWidth = width;
  paint.strokeStyle = color;
  paint.stroke();
}

/** A text that stays upright and readable in the flipped and scaled arena. */
function write(paint, words, x, y, px, color) {
  paint.save();
  paint.translate(x, y);
  paint.scale(1 / camera.scale, -1 / camera.scale);
  letters(paint, words, 0, 0, px, color, "center");
  paint.restore();
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
  particles.push({ vx: 0, vy: 0, age: 0, life: 0.3, ...particle });
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
    const slower = Math.exp(-4 * passed);
    one.x += one.vx * passed;
    one.y += one.vy * passed;
    one.vx *= slower;
    one.vy *= slower;
    const part = one.age / one.life;
    const size = one.size[0] + (one.size[1] - one.size[0]) * (1 - (1 - part) ** 3);
    paint.globalAlpha = 1 - part;
    if (one.ring) ring(paint, one, size / 2, one.color, 4);
    else shine(paint, one.color, one, size, 1 - part);
  }
  paint.globalAlpha = 1;
}

// --- The player's own panel, and inputs

function drawPanel({ paint, width, height, inset, color, own }, craft) {
  const wide = Math.min(320, width - 24);
  const [left, top] = [camera.left - wide / 2, height - inset.bottom - PANEL_PX];
  const box = (x, y, w, h, radius, fill) => {
    paint.beginPath();
    paint.roundRect(x, y, Math.max(w, 2 * radius), h, radius);
    paint.fillStyle = fill;
    paint.fill();
  };
  box(left, top, wide, 44, 9, "#0d1220");
  paint.strokeStyle = "#2b3a5e";
  paint.lineWidth = 1;
  paint.stroke();
  letters(paint, String(craft.points), left + 16, top + 31, 24, "#eef3ff", "left");
  if (craft.times > 1) letters(paint, `×${craft.times}`, left + 84, top + 28, 16, "#ffb938", "left");
  const [groove, x, y] = [wide - 200, left + 122, top + 17];
  box(x, y, groove, 10, 5, "#060910");
  box(x, y, groove * (1 - craft.wait), 10, 5, color(own));
  letters(paint, say("DASH", "冲刺"), left + wide - 14, top + 27, 13, craft.wait ? "#8c9abd" : "#eef3ff", "right");
}

let last = [0, 0, 0, 0];
let dashesLeft = 0;
let wasDash = false;

export function input(keys, pointer) {
  const held = (...codes) => codes.some((code) => keys.has(code));
  const axis = (less, more) => Number(held(...more)) - Number(held(...less));
  const [stick, aim] = pointer.sticks;
  const push = stick ?? { x: axis(["KeyA", "ArrowLeft"], ["KeyD", "ArrowRight"]), y: axis(["KeyS", "ArrowDown"], ["KeyW", "ArrowUp"]) };
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
  // Without a push the direction stays: an unchanged byte costs nothing on the wire.
  last = [
    length > 0.05 ? angle(push) : last[0],
    Math.round(Math.min(1, length) * 255),
    line ? angle(line) : last[2],
    Number(fire) + 2 * Number(dashesLeft > 0),
  ];
  dashesLeft = Math.max(0, dashesLeft - 1);
  return new Uint8Array([...last, 0, 0, 0, 0]);
}
