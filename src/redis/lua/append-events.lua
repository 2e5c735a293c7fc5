-- Appends events to the stream, which keeps about so many of the newest.
-- KEYS[1] the stream   ARGV[1] how many are kept   ARGV[2...] events
for i = 2, #ARGV do
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'event', ARGV[i])
end
return 'appended'
