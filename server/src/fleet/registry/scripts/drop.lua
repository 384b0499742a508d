-- Removes keys of a node. What another node has taken over stays. KEYS: owned, node. ARGV: owner, its node,
-- its incarnation, keys.
for i = 4, #ARGV do
    local owner
    if string.sub(ARGV[i], 1, 8) == 'fh:room:' then
        local room = redis.call('HMGET', ARGV[i], 'node', 'incarnation')
        owner = room[1] and room[1] .. ':' .. room[2]
    else
        owner = string.match(redis.call('GET', ARGV[i]) or '', '^(.*:%x+):.*$')
    end
    if owner == ARGV[1] then redis.call('DEL', ARGV[i]) end
    redis.call('SREM', KEYS[1], ARGV[i])
end
