-- Claims keys that nobody has. KEYS: owned, node, born. ARGV: owner, its node, its incarnation, milliseconds to settle, then key
-- and value of each. Returns the indices, from 0, of those that were free; nothing if the owner's lease is over.
if redis.call('HGET', KEYS[2], 'incarnation') ~= ARGV[3] then return false end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local born = redis.call('GET', KEYS[3])
if not born or now - born < tonumber(ARGV[4]) then return {} end
local claimed = {}
for i = 5, #ARGV, 2 do
    if redis.call('SET', ARGV[i], ARGV[i + 1], 'NX') then
        redis.call('SADD', KEYS[1], ARGV[i])
        claimed[#claimed + 1] = (i - 5) / 2
    end
end
return claimed
