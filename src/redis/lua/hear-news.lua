-- Reads what was told after the last that was heard.
-- KEYS[1] the stream   ARGV[1] the last id that was heard; 0-0: none
-- returns a flat list of id, ms since it was told, and what
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local reply = {}
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+')) do
  reply[#reply + 1] = entry[1]
  reply[#reply + 1] = now - tonumber(string.match(entry[1], '^%d+'))
  reply[#reply + 1] = entry[2][2]
end
return reply
