-- Claims keys that nobody has. KEYS: owned, born. ARGV: owner, milliseconds to settle, then key and value of each.
-- Returns the indices, from 0, of those that were free.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local born = redis.call('GET', KEYS[2])
if not born or now - born < tonumber(ARGV[2]) then return {} end
local claimed = {}
for i = 3, #ARGV, 2 do
    if redis.call('SET', ARGV[i], ARGV[i + 1], 'NX') then
        redis.call('SADD', KEYS[1], ARGV[i])
        claimed[#claimed + 1] = (i - 3) / 2
    end
end
return claimed
