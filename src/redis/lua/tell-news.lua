-- Tells all instances something that is of use for a minute.
-- KEYS[1] the stream   ARGV[1] what
-- returns 'told'
redis.call('XADD', KEYS[1], 'MAXLEN', '~', 256, '*', 'news', ARGV[1])
redis.call('PEXPIRE', KEYS[1], 60000)
return 'told'
