-- Makes a freshly written account last. It lapses by itself when its creation was cut short.
-- KEYS[1] the account
-- returns 'kept' | 'lapsed'
if redis.call('EXISTS', KEYS[1]) == 0 then return 'lapsed' end
redis.call('HDEL', KEYS[1], 'draft')
redis.call('PERSIST', KEYS[1])
return 'kept'
