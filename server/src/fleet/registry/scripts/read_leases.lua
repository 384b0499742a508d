-- All leases that live, by name: at most 4096. KEYS: nodes. ARGV: milliseconds that a lease lives.
-- Returns {{name, lease, wanted}, ..}.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local members = redis.call('ZRANGEBYSCORE', KEYS[1], now - ARGV[1], '+inf', 'LIMIT', 0, 4096)
local found = {}
for _, member in ipairs(members) do
    local name, incarnation = string.match(member, '^(.*):(%x+)$')
    local node = redis.call('HMGET', 'fh:node:' .. name, 'incarnation', 'lease', 'wanted')
    if node[1] == incarnation then found[#found + 1] = {name, node[2], node[3] or ''} end
end
table.sort(found, function(a, b) return a[1] < b[1] end)
return found
