-- Ratings wait for the proof of a match: whether it has changed those of its players. Those of before have.
ALTER TABLE matches ADD COLUMN rated BIGINT NOT NULL DEFAULT 1;
