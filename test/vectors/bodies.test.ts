import { readFileSync } from 'node:fs'
import t from 'tap'
import { signedUpAdmin } from '../support/accounts.js'
import { build, type Device } from '../support/app.js'
import type { Headers } from '../support/client.js'

const vectors: Record<string, string> = JSON.parse(
  readFileSync(new URL('json-bodies.json', import.meta.url), 'utf8'),
)

t.test('JSON of all kinds, to every route that takes a body', async (t) => {
  const serviceToken = 'letservicesask'
  const built = await build(t, { BODY_LIMIT: '1048576', INTROSPECTION_TOKEN: serviceToken })
  const { client, routes, signedIn } = built
  const all = Object.entries(vectors).map(([name, base64]) => ({
    name,
    body: Buffer.from(base64, 'base64'),
  }))
  // A body of no bytes is none, which some of these routes do not need.
  const bodies = all.filter(({ body }) => body.length > 0)
  bodies.push(
    { name: 'n_structure_100000_opening_arrays', body: Buffer.from('['.repeat(100_000)) },
    { name: 'n_structure_open_array_object', body: Buffer.from(`${'[{"":'.repeat(50_000)}\n`) },
  )
  const urls = [...routes].flatMap((route) => /^POST (\S+)$/.exec(route)?.[1] ?? [])
  // The role is asked for before the body is looked at.
  await signedUpAdmin(built, 'ada')
  const headersFor = (url: string, device: Device): Headers => {
    const token = url.endsWith('/introspect') ? serviceToken : device.cookies().access_token
    return { authorization: `Bearer ${token}` }
  }

  for (const url of urls) {
    t.test(`POST ${url}`, async (t) => {
      const send = async (kind: string) => {
        const device = await signedIn('ada')
        const headers = headersFor(url, device)
        const chosen = bodies.filter(({ name }) => name.startsWith(kind))
        const answers = await Promise.all(
          chosen.map(async ({ name, body }) => {
            const { statusCode } = await client().post(url, body, headers)
            return { name, statusCode }
          }),
        )
        t.ok(answers.length > 30)
        return answers
      }
      const broken = await send('n_')
      t.strictSame(
        broken.filter(({ statusCode }) => statusCode !== 400),
        [],
        'refuses what is none',
      )
      const others = [...(await send('y_')), ...(await send('i_'))]
      t.strictSame(
        others.filter(({ statusCode }) => statusCode >= 500),
        [],
        'fails at nothing else',
      )
      if (url.endsWith('/logout')) {
        const refused = others.filter(
          ({ name, statusCode }) => name.startsWith('y_') && statusCode !== 200,
        )
        t.strictSame(refused, [], 'and ignores it')
      }
    })
  }
  t.ok(urls.length >= 4)
})
