-- Writes what a node holds. KEYS: owned, node. ARGV: owner, its node, its incarnation, then key and value of each.
-- Returns the keys that another node has whose lease lives; nothing if the owner's own lease is over. A player on the way to
-- another node stays on the way. A connected player is taken over from a node that it is disconnected from.
if redis.call('HGET', KEYS[2], 'incarnation') ~= ARGV[3] then return false end
local refused = {}
for i = 4, #ARGV, 2 do
    local key, value = ARGV[i], ARGV[i + 1]
    local old = redis.call('GET', key)
    local owner, node, incarnation, rest = nil, nil, nil, nil
    if old then owner, node, incarnation, rest = string.match(old, '^((.*):(%x+)):(.*)$') end
    local is_foreign = owner and owner ~= ARGV[1] and redis.call('HGET', 'fh:node:' .. node, 'incarnation') == incarnation
    local is_taken_over = rest == 'away' and value == ARGV[1] .. ':here'
    if not is_foreign or is_taken_over then
        if old ~= value then redis.call('SET', key, value) end
        redis.call('SADD', KEYS[1], key)
    elseif rest ~= 'coming' then
        redis.call('SREM', KEYS[1], key)
        refused[#refused + 1] = key
    end
end
return refused
