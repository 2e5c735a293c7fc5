/** Verifies a password at each request and does nothing else. */
import { createServer } from 'node:http'
import { hash, verify } from '@node-rs/argon2'
import { host, port, ready } from './ready.js'

const password = 'Glass-Onion-31'
const stored = await hash(password, { memoryCost: 19_456, timeCost: 2, parallelism: 1 })
createServer(async (_request, response) => {
  await verify(stored, password)
  response.end('ok')
}).listen(port, host, () => ready())
