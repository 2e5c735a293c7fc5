-- Writes what the store tells of its format, unless somebody was first.
-- KEYS[1] the format   ARGV[1] what was read, or ''   ARGV[2] what is to stand there
-- returns 'written' | 'changed'
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 'changed' end
redis.call('SET', KEYS[1], ARGV[2])
return 'written'
