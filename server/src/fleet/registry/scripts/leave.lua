-- Ends the lease of a node that stops, and lets its keys be swept at once. KEYS: node, nodes. ARGV: owner, incarnation.
if redis.call('HGET', KEYS[1], 'incarnation') == ARGV[2] then redis.call('DEL', KEYS[1]) end
redis.call('ZADD', KEYS[2], 'XX', 0, ARGV[1])
