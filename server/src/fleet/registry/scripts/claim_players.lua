-- Claims players for nodes. KEYS: players. ARGV: milliseconds to arrive, then the owner of each. Returns 1 for each that may
-- come, and 0 for the others.
local function claim(key, claimant)
    local old = redis.call('GET', key)
    if old then
        local owner, node, incarnation, state = string.match(old, '^((.*):(%x+)):(.*)$')
        -- The node itself knows best what the player has there.
        if owner == claimant and state ~= 'coming' then return 1 end
        local lives = node and redis.call('HGET', 'fh:node:' .. node, 'incarnation') == incarnation
        if lives and state == 'here' then return 0 end
    end
    redis.call('SET', key, claimant .. ':coming', 'PX', ARGV[1])
    return 1
end
local claims = {}
for i, key in ipairs(KEYS) do claims[i] = claim(key, ARGV[i + 1]) end
return claims
