-- Takes a mail out of those that wait.
-- KEYS[1] the mails, as in queue-mail.lua   KEYS[2] their ids by when they are due   ARGV[1] id
-- returns 'removed'
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return 'removed'
