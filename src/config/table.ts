import { groups, mandatory } from './schema.js'
import { PROFILES, type Variable, type VariableSchema } from './variables.js'

const BEGIN = '<!-- begin of variables, written by bin/config-docs.js from src/config/groups -->'
const END = '<!-- end of variables -->'
/** Keeps the formatter from padding the columns of the table below it. */
const AS_IT_IS = '<!-- biome-ignore format: written by bin/config-docs.js -->'

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

function tableOf(variables: Record<string, VariableSchema>): string[] {
  const rows = Object.entries(variables).map(([name, variable]) => [
    `\`${name}\`${variable.secret ? ' (secret)' : ''}`,
    defaultCell(variable, mandatory.has(name)),
    escaped(variable.form),
    variable.description,
  ])
  return [['variable', 'default', 'value', 'meaning'], Array(4).fill('---'), ...rows].map(
    (cells) => `| ${cells.join(' | ')} |`,
  )
}

/** All variables in Markdown, in the schema's order: a heading and a table for each group. */
export function variablesTables(): string {
  return groups
    .map(([title, variables]) => [`### ${title}`, '', AS_IT_IS, ...tableOf(variables)].join('\n'))
    .join('\n\n')
}

/** The page with its tables made anew; throws where the page has lost the marks around them. */
export function withVariablesTable(page: string): string {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`The page needs the lines ${BEGIN} and ${END}`)
  return `${page.slice(0, begin)}${BEGIN}\n\n${variablesTables()}\n\n${page.slice(end)}`
}
