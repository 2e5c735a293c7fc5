import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ConfigError } from '../config/config-error.js'
import { insteadKinds, linkKinds, type MailKind, mailKinds } from './mail-job.js'

/** A mail's text, ready to be sent to somebody. */
export interface RenderedMail {
  subject: string
  text: string
  html: string
}

/** Values for a template's placeholders, by name. */
export type MailValues = Readonly<Record<string, string>>

export type Render = (kind: MailKind, values: MailValues) => RenderedMail

/** The placeholders of a kind's templates. */
const placeholdersOf = (kind: MailKind): string[] => {
  const general = ['service', 'email']
  if (linkKinds.some((one) => one === kind)) return [...general, 'link', 'validity']
  if (insteadKinds.some((one) => one === kind)) return general
  return [...general, 'time', 'ip', 'device', 'role']
}

const placeholder = /\{\{(\w+)\}\}/g
const subjectLine = /^Subject: *(\S.*?) *\r?\n\r?\n/

const escapes: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escapeHtml = (text: string) =>
  text.replace(/[&<>"']/g, (character) => escapes[character] ?? '')

/** No value may begin a line of its own: not in a header, and not in a text that looks like ours. */
const oneLine = (text: string) => text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')

const fill = (template: string, values: MailValues, write: (text: string) => string): string =>
  template.replace(placeholder, (_, name: string) => write(oneLine(values[name] ?? '')))

const builtIn = fileURLToPath(new URL('./templates', import.meta.url))

/**
 * Reads all templates once, one's own before those built in. A `.txt` begins with its subject; a `.html` is
 * put into `layout.html`. Throws `ConfigError` naming every file that is missing or has something wrong.
 */
export const loadTemplates = (language: string, folder?: string): Render => {
  const problems: string[] = []
  const places = [...(folder === undefined ? [] : [folder]), builtIn]
  // Else a slip in the path would send mails that are not one's own, and nobody would be told.
  if (folder !== undefined && !existsSync(join(folder, language))) {
    problems.push(`MAIL_TEMPLATES: there is no folder ${join(folder, language)}`)
  }

  const read = (name: string): string => {
    for (const place of places) {
      const file = join(place, language, name)
      if (existsSync(file)) return readFileSync(file, 'utf8')
    }
    problems.push(`MAIL_TEMPLATES: there is no ${join(language, name)}`)
    return ''
  }
  const check = (name: string, text: string, known: string[]): void => {
    for (const [, unknown = ''] of text.matchAll(placeholder)) {
      if (known.includes(unknown)) continue
      problems.push(`MAIL_TEMPLATES: ${join(language, name)} has an unknown {{${unknown}}}`)
    }
  }

  const layout = read('layout.html')
  check('layout.html', layout, ['service', 'content'])
  const templates = new Map(
    mailKinds.map((kind) => {
      const [text, html] = [read(`${kind}.txt`), read(`${kind}.html`)]
      for (const [name, source] of [
        [`${kind}.txt`, text],
        [`${kind}.html`, html],
      ] as const) {
        check(name, source, placeholdersOf(kind))
      }
      const subject = subjectLine.exec(text)
      if (subject === null && text !== '') {
        problems.push(
          `MAIL_TEMPLATES: ${join(language, kind)}.txt must begin with 'Subject: …' and an empty line`,
        )
      }
      const body = text.slice(subject?.[0].length ?? 0)
      return [kind, { subject: subject?.[1] ?? '', text: body, html }]
    }),
  )
  if (problems.length > 0) throw new ConfigError(problems)

  return (kind, values) => {
    const { subject, text, html } = templates.get(kind) ?? { subject: '', text: '', html: '' }
    const content = fill(html, values, escapeHtml)
    return {
      subject: fill(subject, values, (value) => value),
      text: fill(text, values, (value) => value),
      // In one pass: what a value brings along, such as `{{link}}` in an address, is not filled in.
      html: layout.replace(placeholder, (_, name: string) =>
        name === 'content' ? content : escapeHtml(oneLine(values[name] ?? '')),
      ),
    }
  }
}
