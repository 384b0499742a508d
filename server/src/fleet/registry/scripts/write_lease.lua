-- Writes a lease, unless another process with the same name has one that lives.
-- KEYS: node, nodes, born. ARGV: name, incarnation, lease, milliseconds to live. Returns {kept, is new, wanted}.
local owner = redis.call('HGET', KEYS[1], 'incarnation')
if owner and owner ~= ARGV[2] then return {0, 0, ''} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local over = now - ARGV[4]
-- No lease lives, and some nodes have not left: Redis was away, and they are about to register what they have again.
local was_away = redis.call('ZCOUNT', KEYS[2], '(' .. over, '+inf') == 0 and redis.call('ZCOUNT', KEYS[2], '(0', over) > 0
if was_away then redis.call('SET', KEYS[3], now) else redis.call('SET', KEYS[3], now, 'NX') end
redis.call('HSET', KEYS[1], 'incarnation', ARGV[2], 'lease', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('ZADD', KEYS[2], now, ARGV[1] .. ':' .. ARGV[2])
return {1, owner and 0 or 1, redis.call('HGET', KEYS[1], 'wanted') or ''}
