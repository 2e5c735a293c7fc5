-- Asks to run one password check; the rules are those of src/abuse/lockout-rules.ts.
-- KEYS[1] what is remembered of the email, a hash: 's:<source>' to its record, 'h:<hour>' to failures,
--   'held' to the checks under way: reservation to { source, lapses }
-- ARGV[1] source   ARGV[2] reservation   ARGV[3] '1': a known device   ARGV[4] account-wide maximum
-- ARGV[5] how long a reservation lasts   ARGV[6] hours of which failures count   ARGV[7...] the tiers'
--   failures, rising
-- returns { 'go' } | { 'wait' } | { 'locked', ms }
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local hour_ms = 3600000
local is_device = ARGV[3] == '1'
local max = tonumber(ARGV[4])
local buckets = tonumber(ARGV[6])

local hour = math.floor(now / hour_ms)
local fields = {}
for i = 1, buckets do fields[i] = 'h:' .. (hour - i + 1) end
local counts = redis.call('HMGET', KEYS[1], unpack(fields))
local total = 0
for i = 1, buckets do total = total + (tonumber(counts[i]) or 0) end

local locked = 0
if not is_device and total >= max then
  -- Until enough of the oldest hours are forgotten.
  local left = total
  local i = buckets
  while i > 1 and left - (tonumber(counts[i]) or 0) >= max do
    left = left - (tonumber(counts[i]) or 0)
    i = i - 1
  end
  locked = (hour - i + 1 + buckets) * hour_ms - now
end

local failures = 0
local stored = redis.call('HGET', KEYS[1], 's:' .. ARGV[1])
if stored then
  local record = cjson.decode(stored)
  if record.forgetAt > now then
    failures = record.failures
    locked = math.max(locked, record.lockedUntil - now)
  end
end
if locked > 0 then return { 'locked', locked } end

local held = {}
local all, own = 0, 0
for id, check in pairs(cjson.decode(redis.call('HGET', KEYS[1], 'held') or '{}')) do
  if check.lapses > now then
    held[id] = check
    all = all + 1
    if check.source == ARGV[1] then own = own + 1 end
  end
end
local allowance = 1
for i = 7, #ARGV do
  if tonumber(ARGV[i]) > failures then
    allowance = tonumber(ARGV[i]) - failures
    break
  end
end
if own >= allowance or (not is_device and total + all >= max) then return { 'wait' } end

held[ARGV[2]] = { source = ARGV[1], lapses = now + ARGV[5] }
redis.call('HSET', KEYS[1], 'held', cjson.encode(held))
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[5]) then redis.call('PEXPIRE', KEYS[1], ARGV[5]) end
return { 'go' }
