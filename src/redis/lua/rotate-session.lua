-- Takes one generation of a session's refresh tokens for its successor.
-- KEYS[1] the account   KEYS[2] its sessions, as in start-session.lua
-- ARGV[1] sid   ARGV[2] generation   ARGV[3] device
-- ARGV[4] idle ms   ARGV[5] grace ms   ARGV[6] '1': a reused session ends
-- ARGV[7] channel   ARGV[8] user id
-- returns { 'rotated' | 'repeated', record, device, account, now }
--   | { 'reused' | 'stale' | 'missing' | 'account_gone' }
local account = redis.call('HMGET', KEYS[1], 'active', 'version', 'lastLogin',
  'email', 'name', 'role', 'verified', 'salt', 'digest', 'created')
if account[1] ~= '1' then return { 'account_gone' } end

local record = redis.call('HGET', KEYS[2], ARGV[1])
if not record then return { 'missing' } end
local created, rotated, generation, idle, life, number, pieces, later =
  string.match(record, '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+)(.*)$')
rotated = created + rotated
generation = tonumber(generation)
local names = {}
for i = 1, tonumber(pieces) do names[i] = (names[i - 1] or number) .. '.' end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if rotated + idle <= now then
  redis.call('HDEL', KEYS[2], ARGV[1], unpack(names))
  return { 'missing' }
end

local presented = tonumber(ARGV[2])
if presented >= generation then
  idle = math.min(tonumber(ARGV[4]), created + life - now)
  pieces = math.ceil(#ARGV[3] / 64)
  record = string.format(
    '%s %.0f %.0f %.0f %s %s %.0f%s',
    created, now - created, presented + 1, idle, life, number, pieces, later
  )
  local fields, name = { ARGV[1], record }, number
  for i = 1, pieces do
    name = name .. '.'
    fields[2 * i + 1] = name
    fields[2 * i + 2] = string.sub(ARGV[3], i * 64 - 63, i * 64)
  end
  redis.call('HSET', KEYS[2], unpack(fields))
  for i = pieces + 1, #names do redis.call('HDEL', KEYS[2], names[i]) end
  if redis.call('PTTL', KEYS[2]) < idle then
    redis.call('PEXPIREAT', KEYS[2], string.format('%.0f', now + idle))
  end
  return { 'rotated', record, ARGV[3], account, now }
end

if presented == generation - 1 and presented > 0 and now - rotated <= tonumber(ARGV[5]) then
  local device = table.concat(redis.call('HMGET', KEYS[2], unpack(names)))
  return { 'repeated', record, device, account, now }
end

if ARGV[6] ~= '1' then return { 'stale' } end
redis.call('HDEL', KEYS[2], ARGV[1], unpack(names))
redis.call('PUBLISH', ARGV[7], ARGV[8] .. ' ' .. ARGV[1])
return { 'reused' }
