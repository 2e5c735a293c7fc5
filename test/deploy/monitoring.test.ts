import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { vocabulary } from '../../src/events/security-event.js'
import { build } from '../support/app.js'
import { startRedis } from '../support/redis.js'

/* What the dashboard and the alerts ask for is there to be asked for. */

const read = (name: string): string =>
  readFileSync(new URL(`../../deploy/${name}`, import.meta.url), 'utf8')

interface Panel {
  title: string
  targets: { expr: string }[]
}
const panels: Panel[] = JSON.parse(read('grafana/dashboard.json')).panels
const rules: { alert: string; expr: string; annotations: { runbook: string } }[] = parse(
  read('prometheus/alerts.yml'),
).groups[0].rules

const questions = [
  ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ about: title, expr }))),
  ...rules.map(({ alert, expr }) => ({ about: alert, expr })),
]

t.test('every metric is one that an instance has', async (t) => {
  const { url } = await startRedis(t)
  const { app, signedUp } = await build(t, { REDIS_URL: url })
  const ada = await signedUp('ada')
  await ada.get('/api/profile')
  const { body } = await app.inject('/metrics')
  const served = new Set([...body.matchAll(/^([a-z_\d]+)[{ ]/gm)].map(([, name]) => name))
  for (const { about, expr } of questions) {
    const named = expr.match(/\b(gatehouse|process|nodejs)_[a-z_\d]+/g) ?? []
    t.ok(named.length > 0, about)
    for (const name of named) t.ok(served.has(name), `${about}: ${name}`)
  }
})

t.test('every type of event is one', async (t) => {
  for (const { about, expr } of questions) {
    for (const [, types = ''] of expr.matchAll(/type=~?"([^"]+)"/g)) {
      for (const type of types.split('|')) t.ok(type in vocabulary, `${about}: ${type}`)
    }
  }
})

t.test('every alert leads to a heading of the page', async (t) => {
  const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')
  const anchors = [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  )
  for (const { alert, annotations } of rules) {
    t.ok(anchors.includes(annotations.runbook.split('#')[1] ?? ''), alert)
  }
})
