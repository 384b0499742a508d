-- Writes rooms. KEYS: owned, node. ARGV: owner, its node, its incarnation, then key, epoch and record of each.
-- Returns the keys of rooms that another node owns: by a higher epoch, or by the same one and its lease lives. Returns nothing
-- if the owner's own lease is over.
if redis.call('HGET', KEYS[2], 'incarnation') ~= ARGV[3] then return false end
local refused = {}
for i = 4, #ARGV, 3 do
    local key, epoch = ARGV[i], tonumber(ARGV[i + 1])
    local old = redis.call('HMGET', key, 'node', 'incarnation', 'epoch')
    local is_mine = old[1] == ARGV[2] and old[2] == ARGV[3]
    local is_lost = false
    if old[1] and not is_mine then
        local lives = redis.call('HGET', 'fh:node:' .. old[1], 'incarnation') == old[2]
        is_lost = tonumber(old[3]) > epoch or (tonumber(old[3]) == epoch and lives)
    end
    if is_lost then
        redis.call('SREM', KEYS[1], key)
        refused[#refused + 1] = key
    else
        redis.call('HSET', key, 'node', ARGV[2], 'incarnation', ARGV[3], 'epoch', epoch, 'room', ARGV[i + 2])
        redis.call('SADD', KEYS[1], key)
    end
end
return refused
