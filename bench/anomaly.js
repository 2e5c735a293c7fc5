/**
 * How well the layers tell attackers from people: a labelled replay against the real app with the defaults of
 * production, the embedded store and a clock that jumps; see bench/replay/run.js. Played twice: once with all
 * layers (lockout, limits, count by account, anomaly rules), once with the anomaly rules alone. A client
 * counts as stopped once one of its requests was refused by a layer: the share of a kind is its recall, and
 * of a kind of people how many false alarms there were. A guess is a password that was checked.
 *
 * Usage, after a build: node bench/anomaly.js [seed, 1] [scale, 1]
 */
import { subscribe } from 'node:diagnostics_channel'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApp } from '../dist/src/app.js'
import { loadConfig } from '../dist/src/config/load.js'
import { symbols } from '../node_modules/pino/pino.js'
import { installClock, play } from './replay/run.js'
import { anomalyAlone, judge, officeRush, outOfTheWay, scenario } from './replay/scenario.js'

const seed = Number(process.argv[2] ?? 1)
const scale = Number(process.argv[3] ?? 1)
/** What the accuracy of all layers together has to be; the run fails otherwise. */
const promised = 0.96

// The log would stand between the lines of the table.
subscribe('fastify.initialization', ({ fastify }) => {
  fastify.log[symbols.streamSym] = { write: () => {} }
})

// Where it can be, in memory: it is not the disk that is measured.
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'gatehouse-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const run = async (actors, variables = {}) => {
  const clock = installClock(Date.parse('2026-01-05T09:00:00Z'))
  const config = loadConfig(
    {
      NODE_ENV: 'production',
      PUBLIC_URL: 'https://auth.example.com',
      CLIENT_URLS: 'https://app.example.com',
      JWT_SECRET: 'kq8Zt2vYx1Lr0pWm5Nc7Bh4Jd9Fg3Sa6',
      JWT_REFRESH_SECRET: 'Qm1Wn2Eb3Rv4Tc5Yx6Uz7Il8Ok9Pj0Ah',
      EMBEDDED_STORE_PATH: mkdtempSync(join(folder, 'store-')),
      ...outOfTheWay,
      ...variables,
    },
    { folder },
  )
  const app = await buildApp(config)
  const clients = await play(app, actors, clock)
  await app.close()
  clock.uninstall()
  return clients
}

const share = (number) => number.toFixed(3).padStart(10)
const cell = (value) => `${value}`.padStart(10)

const table = (title, clients) => {
  console.log(`\n${title}`)
  console.log(
    'kind'.padEnd(32),
    ...['clients', 'stopped', 'share', 'requests', 'refused', 'guesses'].map(cell),
  )
  const sorted = clients.toSorted((one, other) => Number(one.isAttack) - Number(other.isAttack))
  for (const kind of new Set(sorted.map((client) => client.kind))) {
    const all = clients.filter((client) => client.kind === kind)
    const sum = (of) => all.reduce((total, client) => total + of(client), 0)
    const mark = all[0].isAttack ? '! ' : '  '
    const stopped = all.filter(({ refused }) => refused > 0).length
    const counts = [
      all.length,
      stopped,
      (stopped / all.length).toFixed(3),
      sum(({ requests }) => requests),
      sum(({ refused }) => refused),
      sum(({ checks }) => checks),
    ]
    const by = all.reduce((codes, { refusals }) => {
      for (const code of Object.keys(refusals)) codes.add(code)
      return codes
    }, new Set())
    console.log((mark + kind).padEnd(32), ...counts.map(cell), '', [...by].join(' '))
  }
  const { accuracy, precision, recall, alarms, missed, signedInRefused } = judge(clients)
  console.log(`accuracy ${share(accuracy)}  precision ${share(precision)}  recall ${share(recall)}`)
  console.log(
    `people stopped ${alarms}, of them signed in ${signedInRefused}; attackers missed ${missed}`,
  )
  return { accuracy, signedInRefused }
}

const everybody = () => scenario(seed, scale)
const together = table('All layers, defaults of production (! attackers)', await run(everybody()))
table('The anomaly rules alone', await run(everybody(), anomalyAlone))
// The limits by address do not know that these are many people: nobody of them is signed in yet.
const rushes = [20, 10, 5, 1].map((minutes) => officeRush(minutes * 60_000, seed))
const hurried = []
for (const rush of rushes) hurried.push(...(await run(rush)))
table('Where a default stands in the way: thirty colleagues who all sign in', hurried)
process.exit(together.accuracy >= promised && together.signedInRefused === 0 ? 0 : 1)
