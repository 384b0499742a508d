-- Chat lines and game messages in their order, by room and match.

CREATE TABLE messages (
    -- Server, its start, and number of the room since then: unique for all time.
    room TEXT NOT NULL,
    msg_id BIGINT NOT NULL,
    code TEXT NOT NULL,
    match_id TEXT,
    sent BIGINT NOT NULL,
    kind TEXT NOT NULL,
    player TEXT NOT NULL,
    name TEXT NOT NULL,
    seat BIGINT,
    content TEXT NOT NULL,
    PRIMARY KEY (room, msg_id)
);
CREATE INDEX messages_of_match ON messages (match_id, room, msg_id);
CREATE INDEX messages_of_player ON messages (player);
CREATE INDEX messages_by_time ON messages (sent);
