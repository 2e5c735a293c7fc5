-- Tells what a client did on one instance of late, and reads what it did on the others.
-- KEYS[1] the client's activity: a hash of instance to the time when it was told, a blank and the activity
-- ARGV[1] instance   ARGV[2] activity   ARGV[3] how long it is of use, in ms
-- returns a flat list of how many ms ago the others told theirs, and what
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now) .. ' ' .. ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
local others = {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if all[i] ~= ARGV[1] then
    local blank = string.find(all[i + 1], ' ', 1, true)
    local age = now - tonumber(string.sub(all[i + 1], 1, blank - 1))
    if age > tonumber(ARGV[3]) then
      redis.call('HDEL', KEYS[1], all[i])
    else
      others[#others + 1] = age
      others[#others + 1] = string.sub(all[i + 1], blank + 1)
    end
  end
end
return others
