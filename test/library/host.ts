import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'
import type { Config } from '../../src/config/schema.js'
import { gatehouse } from '../../src/index.js'
import { person, testConfig } from '../support/app.js'
import { type Client, createClient } from '../support/client.js'

export interface Host {
  app: FastifyInstance
  config: Config
  client: () => Client
  /** Signs somebody up; the client is signed in after it. */
  signedUp: (name: string) => Promise<Client>
}

export interface HostOptions {
  variables?: Record<string, string>
  server?: FastifyServerOptions
  prefix?: string
  /** What the host does before it registers Gatehouse. */
  before?: (app: FastifyInstance) => unknown
}

/** Somebody's own app with Gatehouse in it. Closed when the test ends; not started, so that routes may be added. */
export const embed = async (
  t: Pick<Test, 'teardown'>,
  { variables, server = {}, prefix = '', before }: HostOptions = {},
): Promise<Host> => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-host-'))
  const config = testConfig(folder, variables)
  const app = Fastify(server)
  t.teardown(async () => {
    await app.close()
    rmSync(folder, { recursive: true, force: true })
  })
  await before?.(app)
  await app.register(gatehouse, { config, prefix })
  const client = () => createClient(app)
  return {
    app,
    config,
    client,
    signedUp: async (name) => {
      const device = client()
      const answer = await device.post(`${prefix}/api/auth/register`, person(name))
      if (answer.statusCode !== 201) throw new Error(`Signing up answered ${answer.body}`)
      return device
    },
  }
}
