-- Which node has the room with a name. KEYS: name. ARGV: owner that gets it if nobody has it, or nothing; milliseconds to
-- open the room. Returns {node, incarnation}, or nothing.
local old = redis.call('GET', KEYS[1])
if old then
    local node, incarnation = string.match(old, '^(.*):(%x+):.*$')
    if node and redis.call('HGET', 'fh:node:' .. node, 'incarnation') == incarnation then return {node, incarnation} end
end
if ARGV[1] == '' then return false end
redis.call('SET', KEYS[1], ARGV[1] .. ':coming', 'PX', ARGV[2])
local node, incarnation = string.match(ARGV[1], '^(.*):(%x+)$')
return {node, incarnation}
