// What both ends of the Colyseus side know.

/** Members of a room. */
export const PLAYERS = 4;
/** Frames of a room per second, and inputs of a client per second. */
export const TICK_RATE = 30;
/** Message of a client: its input, whose first four bytes are its number (the other four would be keys). */
export const INPUT = 0;
/** Length of an input. */
export const INPUT_BYTES = 8;
/** Message of a room: for each input since the last frame the seat (one byte) and the input. */
export const FRAME = 1;
