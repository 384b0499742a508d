-- Notes what an operator wants of a node. KEYS: node. ARGV: 'draining', or '' for nothing. Returns whether the node is there.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if ARGV[1] == '' then redis.call('HDEL', KEYS[1], 'wanted') else redis.call('HSET', KEYS[1], 'wanted', ARGV[1]) end
return 1
