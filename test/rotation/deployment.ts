import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { build, eventually } from '../support/app.js'
import { startRedis } from '../support/redis.js'

type Environment = Record<string, string>

/** Two instances behind a balancer, on one Redis. */
export interface Deployment {
  /** One request, to one instance after the other. */
  send: (path: string, options?: Options, payload?: string) => Promise<IncomingMessage>
  /** The address that stays the same: a balancer for services, which hold on to it. */
  balancer: string
  /** Restarts both, one after another, with other variables; each is replaced before it is ended. */
  restart: (variables: Environment) => Promise<void>
}

/** Short lives, so that the last old token expires while a test waits for it. */
export const lives = {
  JWT_EXPIRES_IN: '6s',
  JWT_REFRESH_EXPIRES_IN: '12s',
  JWT_CLOCK_TOLERANCE: '1s',
}

interface Options {
  method?: string
  headers?: Record<string, string>
}

/** One request on a connection of its own, so that no connection keeps an instance from ending. */
const sendTo = async (
  url: string,
  options: Options = {},
  payload?: string,
): Promise<IncomingMessage> => {
  const sent = request(url, { agent: false, ...options })
  sent.end(payload)
  const [answer] = await once(sent, 'response')
  return answer
}

interface Instance {
  app: FastifyInstance
  underWay: Set<Promise<IncomingMessage>>
}

const urlOf = (server: { address: () => unknown }) =>
  `http://127.0.0.1:${(server.address() as AddressInfo).port}`

/** Starts it; everything ends with the test. */
export const deploy = async (
  t: Pick<Test, 'teardown'>,
  variables: Environment,
): Promise<Deployment> => {
  const { url: REDIS_URL } = await startRedis(t)
  const start = async (variables: Environment): Promise<Instance> => {
    const shared = { REDIS_URL, REDIS_KEY_PREFIX: 'rotation:', ...lives }
    const { app } = await build(t, { ...shared, ...variables })
    await app.listen({ host: '127.0.0.1', port: 0 })
    await eventually(async () => (await app.inject('/health/ready')).statusCode === 200)
    return { app, underWay: new Set() }
  }

  const instances = [await start(variables), await start(variables)]
  let turn = 0
  const send: Deployment['send'] = async (path, options, payload) => {
    const instance = instances[turn++ % instances.length]
    if (instance === undefined) throw new Error('There is no instance')
    const { app, underWay } = instance
    const sent = sendTo(urlOf(app.server) + path, options, payload)
    underWay.add(sent)
    return sent.finally(() => underWay.delete(sent))
  }

  const balancer = createServer(async ({ url }, reply) => {
    const answer = await send(url ?? '')
    reply.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(reply)
  })
  balancer.listen(0, '127.0.0.1')
  await once(balancer, 'listening')
  t.teardown(() => {
    balancer.close()
    balancer.closeAllConnections()
  })

  return {
    send,
    balancer: urlOf(balancer),
    restart: async (variables) => {
      for (const [place, old] of instances.entries()) {
        instances[place] = await start(variables)
        // A balancer sends it nothing more, and it ends when it has answered all.
        await Promise.allSettled(old.underWay)
        await old.app.close()
      }
    },
  }
}
