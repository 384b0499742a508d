-- Claims a player for a node. KEYS: player. ARGV: owner, milliseconds to arrive. Returns whether it may come.
local old = redis.call('GET', KEYS[1])
if old then
    local owner, node, incarnation, state = string.match(old, '^((.*):(%x+)):(.*)$')
    -- The node itself knows best what the player has there.
    if owner == ARGV[1] and state ~= 'coming' then return 1 end
    local lives = node and redis.call('HGET', 'fh:node:' .. node, 'incarnation') == incarnation
    if lives and state == 'here' then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1] .. ':coming', 'PX', ARGV[2])
return 1
