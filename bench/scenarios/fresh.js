import { generateKeyPairSync } from 'node:crypto'
import { claim, micro, ms, rate } from '../lib/format.js'
import { cpuOf } from '../lib/processes.js'
import { median, round, spread } from '../lib/rounds.js'
import { askedBy, closing, openStage } from '../lib/servers.js'

export const title = 'A token that was never seen'
export const about =
  'The same GET with a new access token for each request: signature, claims, and session and account from Redis in one round trip. Beside it the verification of such tokens alone, in a process that does nothing else.'

const perRound = 3_000

/** So many different tokens of these people. */
const tokensOf = (system, users, count) => {
  const { issue } = system.tokens.access
  const now = Date.now()
  return Array.from({ length: count }, (_, at) => {
    const { userId, sid } = users[at % users.length]
    return issue({ userId, role: 'user' }, { sid, expiresAt: now + 3_600_000 }, now).token
  })
}

const measure = (algorithm, env, { rounds, tell }) =>
  closing(async (closeLater) => {
    const stage = await openStage(closeLater, { env, users: 200 })
    const { users } = stage
    const server = await stage.gatehouse()
    const alone = await stage.target('verify-alone', {
      env: { ...env, REDIS_URL: stage.redis.url },
    })
    const seen = { requests: [], alone: [] }
    for (let number = 0; number <= rounds; number += 1) {
      const tokens = tokensOf(stage.system, users, perRound)
      const requests = askedBy(
        '',
        server,
        tokens.map((access) => ({ access })),
      ).requests
      const result = await round(stage.load, {
        server,
        kind: 'once',
        requests,
        connections: 50,
        seconds: 60,
      })
      const before = cpuOf(alone.pid)
      const seconds = await verifyAlone(alone, tokensOf(stage.system, users, perRound))
      const verified = { rate: perRound / seconds, cpu: (cpuOf(alone.pid) - before) / perRound }
      if (number === 0) continue
      seen.requests.push(result)
      seen.alone.push(verified)
      tell(`${algorithm}: round ${number} of ${rounds}`)
    }
    return seen
  })

const verifyAlone = async ({ port }, tokens) => {
  const answer = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    body: tokens.join('\n'),
  })
  return Number(await answer.text())
}

export default async ({ rounds, tell }) => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  const kinds = {
    HS256: {},
    EdDSA: { JWT_ALGORITHM: 'EdDSA', JWT_PRIVATE_KEY: pem },
  }
  const rows = []
  const bars = []
  const claims = []
  for (const [algorithm, env] of Object.entries(kinds)) {
    const { requests, alone } = await measure(algorithm, env, { rounds, tell })
    const ratios = requests.map(({ rate }, at) => rate / alone[at].rate)
    const share = spread(requests.map(({ cpu }, at) => alone[at].cpu / cpu))
    rows.push([
      algorithm,
      rate(spread(requests.map((one) => one.rate))),
      rate(spread(alone.map((one) => one.rate))),
      spread(ratios).median.toFixed(2),
      micro(spread(requests.map(({ cpu }) => cpu))),
      micro(spread(alone.map(({ cpu }) => cpu))),
      ms(spread(requests.map(({ p99 }) => p99)).median),
    ])
    bars.push(
      { name: `Gatehouse, ${algorithm}`, values: [median(requests.map((one) => one.rate))] },
      { name: `verifying alone, ${algorithm}`, values: [median(alone.map((one) => one.rate))] },
    )
    if (algorithm === 'EdDSA') {
      claims.push(claim('EdDSA, of verifying alone', spread(ratios).median, 0.8))
      claims.push(claim('EdDSA, of verifying alone, by processor time', share.median, 0.8))
    }
  }
  return {
    columns: [
      'algorithm',
      'requests/s',
      'verified alone/s',
      'ratio',
      'CPU µs',
      'alone CPU µs',
      'p99 ms',
    ],
    rows,
    panels: [{ kind: 'bars', caption: 'per second', rows: bars }],
    claims,
  }
}
