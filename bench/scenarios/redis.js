import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { Redis } from 'ioredis'
import { anywhere, startRedis, stop } from '../lib/processes.js'
import { closing } from '../lib/servers.js'

export const title = 'Redis alone'
export const about =
  "What the store's own benchmark reaches (`redis-benchmark`, 50 clients), and one script of two commands through ioredis, 50 at once: what there is to be had."

const calls = 50_000
const source = "redis.call('HSET', KEYS[1], 'at', ARGV[1]); return redis.call('HGETALL', KEYS[1])"

const benchmark = (port, ...command) => {
  const args = ['-p', String(port), '-n', String(calls), '-c', '50', '--csv', ...command]
  const lines = execFileSync('redis-benchmark', args, { encoding: 'utf8' }).trim().split('\n')
  // The name comes first and has commas itself; behind it are the rate and six times.
  return Number(lines.at(-1).split('","').at(-7))
}

const throughClient = async (url, options) => {
  const redis = new Redis(url, options)
  const digest = createHash('sha1').update(source).digest('hex')
  await redis.eval(source, 1, 'bench', 'x')
  const before = process.cpuUsage()
  const began = performance.now()
  let left = calls
  const ask = async () => {
    while (left > 0) {
      left -= 1
      await redis.evalsha(digest, 1, 'bench', 'x')
    }
  }
  await Promise.all(Array.from({ length: 50 }, ask))
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(before)
  redis.disconnect()
  return { rate: calls / seconds, cpu: (user + system) / calls }
}

export default () =>
  closing(async (closeLater) => {
    const redis = await startRedis({ core: anywhere })
    closeLater(() => stop(redis.child))
    const row = (name, rate, cpu) => [
      name,
      Math.round(rate).toLocaleString('en'),
      cpu === undefined ? '' : cpu.toFixed(1),
    ]
    const plain = await throughClient(redis.url, {})
    const piped = await throughClient(redis.url, { enableAutoPipelining: true })
    return {
      columns: ['what', 'calls/s', "client's CPU µs"],
      rows: [
        row('redis-benchmark, GET', benchmark(redis.port, 'GET', 'bench:none')),
        row(
          'redis-benchmark, the script',
          benchmark(redis.port, 'EVAL', source, '1', 'bench', 'x'),
        ),
        row('ioredis, the script', plain.rate, plain.cpu),
        row('ioredis, the script, auto-pipelining', piped.rate, piped.cpu),
      ],
    }
  })
