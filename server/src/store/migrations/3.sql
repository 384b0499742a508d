-- Proofs of matches: what waits for one, and the entries of a match that is refused.
CREATE INDEX matches_waiting ON matches (node, ended, id) WHERE proof = 'waiting';
CREATE INDEX boards_of_match ON boards (match_id);
