-- Replaces the release, if its version is the one that was read. KEYS: release. ARGV: version read, release. Returns whether.
local old = redis.call('GET', KEYS[1])
local version = old and cjson.decode(old).version or 0
if version ~= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
