// The tiny game in a browser: a bar for each player, and one button.

export const help = "P or the button: press.";
export const touch = { buttons: [["KeyP", "Press"]] };

/** Reads what `web_view` has written: a seat and its presses, again and again. */
export function decode(bytes) {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.byteLength / 5;
  return { rows: Array.from({ length: count }, (_, row) => [data.getUint8(5 * row), data.getUint32(5 * row + 1, true)]) };
}

export function draw({ paint, width, height, color, name }, frame) {
  paint.fillStyle = "#080b13";
  paint.fillRect(0, 0, width, height);
  paint.font = "600 18px system-ui";
  frame?.rows.forEach(([slot, presses], row) => {
    const top = height / 4 + 40 * row;
    paint.fillStyle = color(slot);
    paint.fillRect(width / 3, top, Math.min(presses * 4, width / 2), 28);
    paint.fillText(`${name(slot)}: ${presses}`, 16, top + 20);
  });
}

let wasHeld = false;

/** A press counts once, however long the key is held. */
export function input(keys) {
  const isPress = keys.has("KeyP") && !wasHeld;
  wasHeld = keys.has("KeyP");
  return Uint8Array.of(0, 0, 0, 0, 0, 0, 0, Number(isPress));
}
