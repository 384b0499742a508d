-- Valid for SQLite and Postgres alike. Never change a migration that was released: add the next one.
-- Ids are hexadecimal digits, times are seconds since 1970-01-01 UTC.

-- How far the results files of a server (its public key) are stored.
CREATE TABLE positions (
    source TEXT NOT NULL PRIMARY KEY,
    file BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    mark TEXT NOT NULL
);

CREATE TABLE players (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    matches BIGINT NOT NULL,
    best BIGINT NOT NULL,
    rating_mu DOUBLE PRECISION,
    rating_sigma DOUBLE PRECISION
);

CREATE TABLE matches (
    id TEXT NOT NULL PRIMARY KEY,
    game TEXT NOT NULL,
    map TEXT NOT NULL,
    rules_hash TEXT NOT NULL,
    build TEXT,
    node TEXT NOT NULL,
    tick_rate BIGINT NOT NULL,
    ticks BIGINT NOT NULL,
    started BIGINT NOT NULL,
    ended BIGINT NOT NULL,
    reason TEXT NOT NULL,
    replay TEXT,
    proof TEXT NOT NULL DEFAULT 'waiting'
);
CREATE INDEX matches_by_end ON matches (ended, id);

CREATE TABLE match_players (
    match_id TEXT NOT NULL,
    place BIGINT NOT NULL,
    player TEXT NOT NULL,
    name TEXT NOT NULL,
    seat BIGINT NOT NULL,
    ranked BIGINT NOT NULL,
    points BIGINT NOT NULL,
    detail TEXT NOT NULL,
    since_tick BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    curve TEXT NOT NULL,
    ended BIGINT NOT NULL,
    PRIMARY KEY (match_id, place)
);
CREATE INDEX match_players_of_player ON match_players (player, ended, match_id);

CREATE TABLE boards (
    board TEXT NOT NULL,
    period TEXT NOT NULL,
    player TEXT NOT NULL,
    points BIGINT NOT NULL,
    ended BIGINT NOT NULL,
    match_id TEXT NOT NULL,
    PRIMARY KEY (board, period, player)
);
CREATE INDEX boards_in_order ON boards (board, period, points DESC, ended, player);
