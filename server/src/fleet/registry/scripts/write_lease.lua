-- Writes a lease, unless another process with the same name has one that lives.
-- KEYS: node, nodes, born. ARGV: name, incarnation, lease, milliseconds to live. Returns {kept, is new, wanted}.
local owner = redis.call('HGET', KEYS[1], 'incarnation')
if owner and owner ~= ARGV[2] then return {0, 0, ''} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', KEYS[3], now, 'NX')
redis.call('HSET', KEYS[1], 'incarnation', ARGV[2], 'lease', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('ZADD', KEYS[2], now, ARGV[1] .. ':' .. ARGV[2])
return {1, owner and 0 or 1, redis.call('HGET', KEYS[1], 'wanted') or ''}
