import { readFileSync } from 'node:fs'

/** What a cell may say: 503 with this code, or what the route answers when all is well. */
export const words = [
  '503',
  'OVERLOADED',
  'UNDER_PRESSURE',
  'degraded',
  'served',
  '503 or served',
] as const
export type Word = (typeof words)[number]

export interface Table {
  /** The headings: what may be wrong. */
  faults: string[]
  /** By route: the cells, by fault. */
  rows: Map<string, Map<string, string>>
}

const page = new URL('../../docs/operations.md', import.meta.url)

const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())

/** The table of the page, which is both what operators read and what the tests are made from. */
export const readTable = (): Table => {
  const lines = readFileSync(page, 'utf8').split('\n')
  const first = lines.findIndex((line) => /^\| *route *\| *down *\|/.test(line))
  const end = lines.findIndex((line, i) => i > first && !line.startsWith('|'))
  const [heading = '', , ...body] = lines.slice(first, end)
  const [, ...faults] = cellsOf(heading)
  const rows: Table['rows'] = new Map()
  for (const [routes = '', ...cells] of body.map(cellsOf)) {
    const byFault = new Map(faults.map((fault, i) => [fault, cells[i]?.replaceAll('`', '') ?? '']))
    for (const [, route = ''] of routes.matchAll(/`([^`]+)`/g)) rows.set(route, byFault)
  }
  return { faults, rows }
}
