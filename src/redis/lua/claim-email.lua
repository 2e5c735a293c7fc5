-- Claims an email for an account about to be written; the claim lapses unless it is confirmed.
-- KEYS[1] the email   ARGV[1] the claiming user id   ARGV[2] claim's life in ms
-- ARGV[3] a holder known to be gone or to bear another email, whose place may be taken, or ''
-- returns { 'claimed' } | { 'pending' } (somebody's claim, not confirmed yet) | { 'held', user id }
local holder = redis.call('GET', KEYS[1])
if holder and redis.call('PTTL', KEYS[1]) > 0 then return { 'pending' } end
if holder and holder ~= ARGV[3] then return { 'held', holder } end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return { 'claimed' }
