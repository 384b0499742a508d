-- Removes keys of nodes whose leases are over. KEYS: nodes, born. ARGV: milliseconds that a lease lives, milliseconds to settle,
-- largest number of keys. Returns the number of removed keys.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local over, born = now - ARGV[1], redis.call('GET', KEYS[2])
-- After Redis was away, all leases are over, also those of nodes that live. Only nodes that have left are gone for certain.
local is_settled = born and now - born >= tonumber(ARGV[2]) and redis.call('ZCOUNT', KEYS[1], '(' .. over, '+inf') > 0
if not is_settled then over = 0 end
local left, removed = tonumber(ARGV[3]), 0
for _, owner in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', over, 'LIMIT', 0, 64)) do
    local node, incarnation = string.match(owner, '^(.*):(%x+)$')
    if redis.call('HGET', 'fh:node:' .. node, 'incarnation') ~= incarnation then
        local owned = 'fh:owned:' .. owner
        for _, key in ipairs(redis.call('SPOP', owned, left)) do
            local of
            if string.sub(key, 1, 8) == 'fh:room:' then
                local room = redis.call('HMGET', key, 'node', 'incarnation')
                of = room[1] and room[1] .. ':' .. room[2]
            else
                of = string.match(redis.call('GET', key) or '', '^(.*:%x+):.*$')
            end
            if of == owner then removed = removed + redis.call('DEL', key) end
            left = left - 1
        end
        if redis.call('EXISTS', owned) == 0 then redis.call('ZREM', KEYS[1], owner) end
        if left <= 0 then return removed end
    end
end
return removed
