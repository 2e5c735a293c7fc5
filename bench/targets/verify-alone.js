/** Verifies the access tokens that it is sent, one after the other, and answers how many seconds that took. */
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { openSystem } from '../lib/seed.js'
import { host, port, ready } from './ready.js'

const names = ['JWT_ALGORITHM', 'JWT_PRIVATE_KEY']
const given = names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))
const system = await openSystem(process.env.REDIS_URL, Object.fromEntries(given))
const { verify } = system.tokens.access
createServer(async (request, response) => {
  const tokens = (await text(request)).split('\n')
  const began = performance.now()
  for (const token of tokens) if (!('claims' in verify(token))) throw new Error('It is not good')
  response.end(String((performance.now() - began) / 1000))
}).listen(port, host, () => ready())
