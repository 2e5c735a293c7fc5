import { availableParallelism } from 'node:os'
import { claim, ms, rate } from '../lib/format.js'
import { startLoad } from '../lib/load.js'
import { anywhere } from '../lib/processes.js'
import { requestOf } from '../lib/requests.js'
import { goodRound, median, spread } from '../lib/rounds.js'
import { emailOf, password } from '../lib/seed.js'
import { askedBy, closing, openStage } from '../lib/servers.js'

export const title = 'Signing in'
export const about =
  'Eight people at once sign in with their passwords, on all cores; argon2 alone hashes with the same parameters and as many threads. Then the protected GET of 20 people beside such a flood, and without it.'

const login = (email, path = '/api/auth/login') =>
  requestOf('POST', path, { body: { email, password } })

export default ({ tell, rounds }) =>
  closing(async (closeLater) => {
    const stage = await openStage(closeLater, { core: anywhere, users: 70 })
    const server = await stage.gatehouse()
    const alone = await stage.target('argon2-alone', {
      env: { UV_THREADPOOL_SIZE: String(availableParallelism()) },
    })
    const express = await stage.target('express')
    const better = await stage.target('better-auth', { env: { WAY: 'handler' } })
    const others = { email: 'user@example.com' }
    const targets = [
      { name: 'argon2 alone', server: alone, kind: 'turns', requests: [requestOf('GET', '/')] },
      {
        name: 'Gatehouse',
        server,
        kind: 'turns',
        requests: Array.from({ length: 50 }, (_, at) => login(emailOf(at))),
      },
      {
        name: 'Express + bcryptjs',
        server: express,
        kind: 'turns',
        requests: [login(others.email, '/login')],
      },
      {
        name: 'better-auth',
        server: better,
        kind: 'turns',
        requests: [login(others.email, '/api/auth/sign-in/email')],
      },
    ]
    const seen = new Map(targets.map(({ name }) => [name, []]))
    for (let number = 0; number <= Math.min(rounds, 5); number += 1) {
      for (const target of targets) {
        const result = await goodRound(stage.load, { ...target, connections: 8, seconds: 2 })
        if (number > 0) seen.get(target.name).push(result)
      }
      tell(`round ${number} of ${Math.min(rounds, 5)}`)
    }

    const flood = startLoad({ core: anywhere })
    closeLater(() => flood.close())
    const beside = { quiet: [], flooded: [] }
    // Others than those who sign in, since so many sign-ins end a person's older sessions. At the pace of
    // people and not of the machine: what is asked is how long one of them waits.
    const asking = {
      ...askedBy('', server, stage.users.slice(-20)),
      connections: 20,
      seconds: 3,
      thinkMs: 20,
    }
    for (let number = 0; number < Math.min(rounds, 5); number += 1) {
      beside.quiet.push(await goodRound(stage.load, asking))
      const storm = flood.run({
        port: server.port,
        ...targets[1],
        server: undefined,
        connections: 32,
        seconds: 4,
      })
      beside.flooded.push(await goodRound(stage.load, asking))
      await storm
    }
    const [base] = seen.values()
    const relative = (results) => median(results.map((one, at) => one.rate / base[at].rate))
    const p99 = (results) => median(results.map((one) => one.p99))
    const p50 = (results) => median(results.map((one) => one.p50))
    const waits = {
      'GET, no sign-ins': beside.quiet,
      'GET, beside 32 sign-ins at once': beside.flooded,
    }
    return {
      columns: ['what', 'per second', 'of argon2 alone', 'p50 ms', 'p99 ms'],
      rows: [
        ...[...seen].map(([name, results]) => [
          name,
          rate(spread(results.map((one) => one.rate))),
          relative(results).toFixed(2),
          ms(p50(results)),
          ms(p99(results)),
        ]),
        ...Object.entries(waits).map(([name, results]) => [
          name,
          rate(spread(results.map((one) => one.rate))),
          '',
          ms(p50(results)),
          ms(p99(results)),
        ]),
      ],
      panels: [
        {
          kind: 'bars',
          caption: 'sign-ins per second; of argon2 alone, hashes',
          rows: [...seen].map(([name, results]) => ({
            name,
            values: [median(results.map((one) => one.rate))],
          })),
        },
        {
          kind: 'bars',
          caption: 'p99 of a protected GET, ms',
          rows: Object.entries(waits).map(([name, results]) => ({ name, values: [p99(results)] })),
        },
      ],
      claims: [
        claim('sign-ins, of argon2 alone', relative(seen.get('Gatehouse')), 0.95),
        claim(
          'p99 of the GET beside a flood, ms',
          p99(beside.flooded),
          2 * p99(beside.quiet) + 10,
          { atMost: true, digits: 1 },
        ),
      ],
    }
  })
