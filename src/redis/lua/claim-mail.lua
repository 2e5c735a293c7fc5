-- Claims the mail that has been due for longest. It is due again when the claim lapses.
-- KEYS[1] the mails, as in queue-mail.lua   KEYS[2] their ids by when they are due   ARGV[1] the claim's life in ms
-- returns { id, mail } | nil
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now), 'LIMIT', 0, 1)
if not due[1] then return nil end
local mail = cjson.decode(redis.call('HGET', KEYS[1], due[1]))
mail.tries = mail.tries + 1
local text = cjson.encode(mail)
redis.call('HSET', KEYS[1], due[1], text)
redis.call('ZADD', KEYS[2], string.format('%.0f', now + ARGV[1]), due[1])
return { due[1], text }
