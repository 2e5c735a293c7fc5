import { readFile } from 'node:fs/promises'

/** Every address that is answered: nothing else in this folder, or outside, can be asked for. */
const files = new Map(
  Object.entries({
    '/': ['index.html', 'text/html'],
    '/style.css': ['style.css', 'text/css'],
    '/icon.svg': ['icon.svg', 'image/svg+xml'],
    '/app.js': ['app.js', 'text/javascript'],
    '/auth.js': ['auth.js', 'text/javascript'],
    // The links in mails lead here.
    '/verify-email': ['link.html', 'text/html'],
    '/confirm-email': ['link.html', 'text/html'],
    '/reset-password': ['link.html', 'text/html'],
    '/link.js': ['link.js', 'text/javascript'],
    '/forms.js': ['forms.js', 'text/javascript'],
    '/countdown.js': ['countdown.js', 'text/javascript'],
    '/page.js': ['page.js', 'text/javascript'],
    '/trouble.js': ['trouble.js', 'text/javascript'],
  }),
)

/**
 * The page may load its own files and ask the API, and that is all: a script that somebody managed to
 * smuggle in does not run, and has nowhere to send what it finds.
 * @param {string} apiUrl
 */
const headers = (apiUrl) => ({
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src ${apiUrl}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-cache',
})

/**
 * Answers requests for the example's files.
 * @param {string} apiUrl the origin of the API, as `new URL(…).origin` gives it
 * @returns {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => Promise<void>}
 */
export const pages = (apiUrl) => {
  const common = headers(apiUrl)
  // An origin has no character that could end the string; JSON sees to it even so.
  const config = `export const apiUrl = ${JSON.stringify(apiUrl)}\n`

  /** @param {string} path @returns {Promise<{ type: string, body: string | Buffer } | undefined>} */
  const find = async (path) => {
    if (path === '/config.js') return { type: 'text/javascript', body: config }
    const [name, type] = files.get(path) ?? []
    if (name === undefined || type === undefined) return undefined
    return { type, body: await readFile(new URL(name, import.meta.url)) }
  }

  return async ({ method, url = '/' }, response) => {
    const reads = method === 'GET' || method === 'HEAD'
    const found = reads ? await find(url.replace(/\?.*$/s, '')) : undefined
    if (found) {
      response.writeHead(200, { ...common, 'Content-Type': `${found.type}; charset=utf-8` })
      response.end(found.body)
      return
    }
    const refusal = reads ? { status: 404, text: 'Not found' } : { status: 405, text: 'Read only' }
    response.writeHead(refusal.status, {
      ...common,
      'Content-Type': 'text/plain; charset=utf-8',
      ...(!reads && { Allow: 'GET, HEAD' }),
    })
    response.end(`${refusal.text}\n`)
  }
}
