import { mandatory, variables } from './schema.js'
import { PROFILES, type Variable } from './variables.js'

/** Directly above the table, since it also keeps the formatter from padding the columns. */
const BEGIN =
  '<!-- biome-ignore format: written by bin/config-docs.js from src/config/schema.ts -->'
const END = '<!-- end of variables -->'

/** `<address>` would be taken for HTML. */
const escaped = (text: string) => text.replaceAll('<', '\\<').replaceAll('|', '\\|')

/** As in "`a` in development and test, `b` in staging". */
function byProfile(defaults: NonNullable<Exclude<Variable['defaults'], string>>): string {
  const texts = new Set(PROFILES.map((profile) => defaults[profile]))
  return [...texts]
    .map((text) => {
      const profiles = PROFILES.filter((profile) => defaults[profile] === text)
      const value = text === undefined ? 'required' : `\`${text}\``
      return `${value} in ${profiles.join(', ').replace(/, (\w+)$/, ' and $1')}`
    })
    .join(', ')
}

function defaultCell({ defaults, defaultNote }: Variable, required: boolean): string {
  if (defaultNote !== undefined) return defaultNote
  if (defaults === undefined) return required ? 'required' : 'unset'
  return typeof defaults === 'string' ? `\`${defaults}\`` : byProfile(defaults)
}

/** All variables as a Markdown table, in the schema's order. */
export function variablesTable(): string {
  const rows = variables.map(([name, variable]) => [
    `\`${name}\`${variable.secret ? ' (secret)' : ''}`,
    defaultCell(variable, mandatory.has(name)),
    escaped(variable.form),
    variable.description,
  ])
  return [['variable', 'default', 'value', 'meaning'], Array(4).fill('---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}

/** The page with its table made anew; throws where the page has lost the marks around it. */
export function withVariablesTable(page: string): string {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`The page needs the lines ${BEGIN} and ${END}`)
  return `${page.slice(0, begin)}${BEGIN}\n${variablesTable()}\n\n${page.slice(end)}`
}
