/** Gatehouse within an app: the same answer from an open route and from a guarded one, and nothing else between. */

import Fastify from 'fastify'
import { loadConfig } from '../../dist/src/config/load.js'
import { gatehouse } from '../../dist/src/index.js'
import { production } from '../lib/processes.js'
import { answer, response } from './answer.js'
import { host, port, ready } from './ready.js'

const app = Fastify()
const config = loadConfig(
  { ...production(process.env.REDIS_URL), LOG_LEVEL: 'warn' },
  { folder: process.cwd() },
)
await app.register(gatehouse, { config })
app.get('/open', { schema: { response } }, () => answer)
app.get('/guarded', { schema: { response }, onRequest: app.authenticate }, () => answer)
await app.listen({ host, port })
ready()
