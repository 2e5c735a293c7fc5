import { readFileSync } from 'node:fs'

/** Next to this file in the sources, one folder further up in the build. */
const manifest = ['../package.json', '../../package.json'].flatMap((path) => {
  try {
    return [readFileSync(new URL(path, import.meta.url), 'utf8')]
  } catch {
    return []
  }
})[0]

/** The package's version. */
export const version: string = (JSON.parse(manifest ?? '{}') as { version?: string }).version ?? ''
