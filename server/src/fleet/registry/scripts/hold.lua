-- Writes what a node holds. KEYS: owned. ARGV: owner, then key and value of each.
-- Returns the keys that another node has whose lease lives. A player on the way to another node stays on the way.
local refused = {}
for i = 2, #ARGV, 2 do
    local old = redis.call('GET', ARGV[i])
    local owner, node, incarnation, rest = nil, nil, nil, nil
    if old then owner, node, incarnation, rest = string.match(old, '^((.*):(%x+)):(.*)$') end
    local is_foreign = owner and owner ~= ARGV[1] and redis.call('HGET', 'fh:node:' .. node, 'incarnation') == incarnation
    if not is_foreign then
        if old ~= ARGV[i + 1] then redis.call('SET', ARGV[i], ARGV[i + 1]) end
        redis.call('SADD', KEYS[1], ARGV[i])
    elseif rest ~= 'coming' then
        redis.call('SREM', KEYS[1], ARGV[i])
        refused[#refused + 1] = ARGV[i]
    end
end
return refused
