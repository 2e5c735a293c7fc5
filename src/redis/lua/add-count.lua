-- Adds to a count whose window begins with its first addition.
-- KEYS[1] the count   ARGV[1] how many   ARGV[2] window in ms
-- returns { sum, ms left of the window }
local total = redis.call('INCRBY', KEYS[1], ARGV[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  left = tonumber(ARGV[2])
end
return { total, left }
