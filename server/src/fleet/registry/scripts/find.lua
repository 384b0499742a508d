-- Where the room of a code or of a seat is. KEYS: code or seat. Returns {room, node, incarnation, epoch}, or nothing if there is
-- none or its node has another life. A node whose lease is over may come back, so it still counts until its keys are swept.
local room = redis.call('GET', KEYS[1])
if not room then return false end
local known = redis.call('HMGET', 'fh:room:' .. room, 'node', 'incarnation', 'epoch')
local node, incarnation, epoch = known[1], known[2], known[3]
-- A room that was opened just now is not registered yet: it is where its code was claimed.
if not node then
    node, incarnation = string.match(room, '^(.*):(%x+):.*$')
    epoch = 1
end
if not node then return false end
local living = redis.call('HGET', 'fh:node:' .. node, 'incarnation')
if living and living ~= incarnation then return false end
return {room, node, incarnation, tonumber(epoch)}
