import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import './clock.js'

/** What a client sends besides its cookies. */
export type Headers = Record<string, string>

/** A browser's worth of a client: it keeps the cookies that it is given, and sends them back. */
export interface Client {
  get: (url: string, headers?: Headers) => Promise<LightMyRequestResponse>
  /** A string or a buffer is sent as it is, as JSON; anything else is made JSON of. */
  post: (url: string, body?: unknown, headers?: Headers) => Promise<LightMyRequestResponse>
  patch: (url: string, body?: unknown, headers?: Headers) => Promise<LightMyRequestResponse>
  delete: (url: string, body?: unknown, headers?: Headers) => Promise<LightMyRequestResponse>
  /** The live cookies that it would send to a URL, by name. */
  cookies: (url?: string) => Record<string, string>
}

interface Cookie {
  name: string
  value: string
  path: string
  /** When it is thrown away; `Infinity` for one that lasts as long as the browser runs. */
  end: number
}

const matches = (url: string, path: string): boolean => {
  const [pathname = ''] = url.split('?')
  return path === '/' || pathname === path || pathname.startsWith(`${path}/`)
}

/** A client with an empty jar; `always` are headers that it sends with every request. */
export const createClient = (
  app: { inject: (request: InjectOptions) => Promise<LightMyRequestResponse> },
  always: Headers = {},
): Client => {
  const jar = new Map<string, Cookie>()

  const keep = (response: LightMyRequestResponse): void => {
    for (const { name, value, path = '/', domain = '', maxAge } of response.cookies) {
      const end = maxAge === undefined ? Number.POSITIVE_INFINITY : Date.now() + maxAge * 1000
      jar.set([name, domain, path].join(), { name, value, path, end })
    }
  }

  const cookies = (url = '/api/auth/refresh'): Record<string, string> =>
    Object.fromEntries(
      [...jar.values()]
        .filter(({ path, end }) => matches(url, path) && end > Date.now())
        .map(({ name, value }) => [name, value]),
    )

  const send = async (method: Method, url: string, body: unknown, headers: Headers = {}) => {
    const cookie = Object.entries(cookies(url))
      .map((pair) => pair.join('='))
      .join('; ')
    const isRaw = typeof body === 'string' || Buffer.isBuffer(body)
    const response = await app.inject({
      method,
      url,
      headers: {
        ...(cookie !== '' && { cookie }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...always,
        ...headers,
      },
      ...(body !== undefined && { payload: isRaw ? body : JSON.stringify(body) }),
    })
    keep(response)
    return response
  }

  return {
    get: (url, headers) => send('GET', url, undefined, headers),
    post: (url, body, headers) => send('POST', url, body, headers),
    patch: (url, body, headers) => send('PATCH', url, body, headers),
    delete: (url, body, headers) => send('DELETE', url, body, headers),
    cookies,
  }
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'
