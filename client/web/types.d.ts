// Types of framehouse.js, for editors and TypeScript. Browsers do not load them.

/** Who connects. */
export interface Player {
  name: string;
  /** Results count for one lasting player with it: see `newSecret`. */
  secret?: string;
  /** Signed token of the player, for servers that need one. */
  token?: string;
  /** `Room.resume` of an earlier connection: its seat comes back. */
  resume?: string;
  /** With `resume`: get view frames. */
  view?: boolean;
}

/** Exactly one of the first four says which room. */
export interface JoinRequest {
  code?: string;
  room_id?: string;
  quick?: true;
  create?: { size: number; private?: boolean; practice?: boolean };
  /** Watch as a spectator. */
  watch?: boolean;
  /** Get view frames in place of game frames. */
  view?: boolean;
}

/** A place in the queue of a full server. */
export interface QueuePlace {
  ticket: string;
  /** 1 for the first. */
  place: number;
  /** Estimated seconds until there is a seat, `null` while there is no estimate. */
  wait_s: number | null;
  /** When the next request is due; `join` sends it. */
  ask_again_s: number;
}

export interface Member {
  slot: number;
  name: string;
  /** `idle`, `ready`, `loading`, `loaded`, `playing`, `finished`, `aborted` or `away`. */
  state: string;
}

export interface Phase {
  /** `lobby`, `loading`, `countdown`, `playing` or `results`. */
  name: string;
  match_no?: number;
  /** Length of a countdown. */
  ticks?: number;
  /** Why the lobby follows a match that was not finished. */
  reason?: string | null;
  /** Last frame of a match that is over. */
  last_frame?: number | null;
}

/** The host asks to end the match. */
export interface Vote {
  voters: number[];
  agreed: number[];
  refused: number[];
  needed: number;
  ticks: number;
}

/** A room as it is now. */
export interface Room {
  code: string;
  player_id: string;
  /** Secret of the own seat, `null` for a spectator. */
  resume: string | null;
  /** The own seat, `null` for a spectator. */
  slot: number | null;
  host: number | null;
  /** Ticks in a second. */
  tick_rate: number;
  phase: Phase;
  /** All players by their seats. */
  members: Map<number, Member>;
  options: { seats: number; private: boolean; economy: boolean; map: string | null };
  spectators: number;
  /** Ticks until the match begins, if most players are ready. */
  starts_in: number | null;
  abort_vote: Vote | null;
  /** Number of the next event. */
  msg_id: number;
}

/** Gets the payload of a message and its type, both as in `GET /v1/ws`. */
export type Handler = (payload: any, type: string) => void;

/** The answer that a request waits for. */
export interface Wanted {
  type: string;
  resolve(room: any): void;
  reject(error: Error): void;
}
