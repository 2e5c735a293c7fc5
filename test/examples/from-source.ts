import { register } from 'node:module'

/**
 * Runs a file of an example as it is, with `gatehouse` being the source of this package: what somebody has
 * installed is the same, built. The file comes from the environment, `EXAMPLE`.
 */
const sources = {
  gatehouse: new URL('../../src/index.ts', import.meta.url).href,
  'gatehouse/verifier': new URL('../../src/verifier.ts', import.meta.url).href,
}
const hook = `const sources = ${JSON.stringify(sources)}
export const resolve = (name, context, next) => next(sources[name] ?? name, context)`
register(`data:text/javascript,${encodeURIComponent(hook)}`)
await import(new URL(`../../examples/${process.env.EXAMPLE}`, import.meta.url).href)
