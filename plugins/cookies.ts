import cookie, { type SerializeOptions } from '@fastify/cookie'
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../src/config/schema.js'
import type { IssuedTokens } from '../src/sessions/issue.js'
import type { IssuedToken } from '../src/tokens/access-token.js'
import { accessTokensOf, bearerToken, cookieValues } from './request-tokens.js'

/** The tokens of a request. A browser may hold several cookies of one name, from an old domain or path. */
export interface PresentedTokens {
  access: string[]
  refresh: string[]
}

/** What of the tokens goes into the answer's body: nothing, unless the client asked for it there. */
export type DeliveredTokens = { accessToken: string; refreshToken: string } | Record<string, never>

declare module 'fastify' {
  interface FastifyInstance {
    // These three take any request and reply, those of an embedding app's own routes too.
    /** The tokens of a request; a Bearer token stands in for the access cookie. */
    readTokens: (request: FastifyRequest) => PresentedTokens
    /** Hands out a new access token alone, the way in which the old one came. */
    renewAccess: (reply: FastifyReply, issued: IssuedToken) => void
    /** Sets a cookie. Of several with one name, domain and path the last counts. */
    writeCookie: WriteCookie
  }
  interface FastifyRequest {
    readonly tokens: PresentedTokens
    /** The same, once they were asked for. */
    knownTokens: PresentedTokens | null
  }
  interface FastifyReply {
    /** Hands tokens out: as cookies, or as the body's members to a client that sent `X-Token-Delivery: body`. */
    sendTokens: (tokens: IssuedTokens) => DeliveredTokens
    /** Takes the token cookies back. Only for a definite verdict on them. */
    clearTokens: () => void
  }
}

type WriteCookie = (
  reply: FastifyReply,
  name: string,
  value: string,
  options: SerializeOptions,
) => void

/** The prefixes (RFC 6265bis, 4.1.3) keep other hosts and plain http from setting these cookies. */
export const cookieNames = ({ COOKIE_SECURE, COOKIE_DOMAIN }: Config) => {
  if (!COOKIE_SECURE) return { access: 'access_token', refresh: 'refresh_token' }
  const prefix = COOKIE_DOMAIN === undefined ? '__Host-' : '__Secure-'
  return { access: `${prefix}access_token`, refresh: '__Secure-refresh_token' }
}

/** What tells one cookie from another (RFC 6265, 5.3), of a `Set-Cookie` line. */
const placeOf = (line: string): string =>
  [/^[^=]*/, /; Domain=[^;]*/, /; Path=[^;]*/].map((part) => part.exec(line)?.[0]).join()

/** Adds `Set-Cookie` lines to an answer, in place of those for the same cookies that it has already. */
const putLines = (reply: FastifyReply, lines: string[]): void => {
  const present = reply.getHeader('Set-Cookie')
  if (present === undefined) {
    reply.header('Set-Cookie', lines)
    return
  }
  const places = lines.map(placeOf)
  const others = [present].flat().map(String)
  const kept = others.filter((line) => !places.includes(placeOf(line)))
  // Fastify adds to the lines that are there already.
  reply.removeHeader('Set-Cookie').header('Set-Cookie', [...kept, ...lines])
}

type Serialize = (name: string, value: string, options: SerializeOptions) => string

/**
 * @fastify/cookie's serialiser, which stays in an app of its own: an embedding app may have the plugin too,
 * and with it decorators of the same names and cookies that it signs.
 */
const createSerializer = async (): Promise<Serialize> => {
  const library = Fastify()
  await library.register(cookie, { hook: false })
  return library.serializeCookie
}

/**
 * The line of a cookie of which only value and life vary, cut out of the serialiser's own output: a refresh
 * writes two of them. The value is a token, in which there is nothing to encode.
 */
const lineOf = (serialize: Serialize, name: string, options: SerializeOptions) => {
  const [value, maxAge] = ['<value>', 4_294_967_295]
  const line = serialize(name, value, { ...options, encode: String, maxAge })
  const [start = '', rest = ''] = line.split(value)
  const [middle = '', end = ''] = rest.split(String(maxAge))
  return ({ token, expiresIn }: IssuedToken): string => start + token + middle + expiresIn + end
}

/** Offers the token cookies (contract: names, attributes and lives in docs/sessions.md). */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const serialize = await createSerializer()
    const write: WriteCookie = (reply, name, value, options) =>
      putLines(reply, [serialize(name, value, options)])
    const refreshPath = `${app.prefix}/api/auth`
    const { COOKIE_SECURE: secure, COOKIE_DOMAIN: domain } = config
    const { access: accessName, refresh: refreshName } = cookieNames(config)
    const attributes: SerializeOptions = {
      httpOnly: true,
      secure,
      sameSite: config.COOKIE_SAME_SITE,
      ...(domain !== undefined && { domain }),
    }
    const access = { ...attributes, path: '/' }
    const refresh = { ...attributes, path: refreshPath }
    const accessLine = lineOf(serialize, accessName, access)
    const refreshLine = lineOf(serialize, refreshName, refresh)

    /** Where else a cookie of the same name may stem from: another path, or before the domain changed. */
    const hosts = [domain ?? '', new URL(config.PUBLIC_URL).hostname]
    const domains = [undefined, ...new Set(hosts.flatMap(parentDomains))]
    const strays = (present: SerializeOptions): SerializeOptions[] =>
      ['/', refreshPath].flatMap((path) =>
        domains.flatMap((other) => {
          const { domain: _, ...rest } = attributes
          const stray = { ...rest, path, ...(other !== undefined && { domain: other }) }
          return stray.path === present.path && other === domain ? [] : [stray]
        }),
      )

    const clear = (reply: FastifyReply, name: string, options: SerializeOptions) =>
      write(reply, name, '', { ...options, maxAge: 0 })

    /** Clears what stands beside the present cookie, where the browser has shown to have more than one. */
    const clearStrays = (reply: FastifyReply) => {
      const { headers, tokens } = reply.request
      if (cookieValues(headers.cookie, accessName).length > 1) {
        for (const stray of strays(access)) clear(reply, accessName, stray)
      }
      if (tokens.refresh.length > 1) {
        for (const stray of strays(refresh)) clear(reply, refreshName, stray)
      }
    }

    const readTokens = ({ headers }: FastifyRequest): PresentedTokens => ({
      access: accessTokensOf(headers, accessName),
      refresh: cookieValues(headers.cookie, refreshName),
    })

    app.decorate('writeCookie', write)
    app.decorate('readTokens', readTokens)
    app.decorate('renewAccess', (reply: FastifyReply, issued: IssuedToken) => {
      const isBearer = bearerToken(reply.request.headers) !== undefined
      if (isBearer) reply.header('X-New-Token', issued.token)
      else putLines(reply, [accessLine(issued)])
    })

    app.decorateRequest('knownTokens', null)
    app.decorateRequest('tokens', {
      getter(this: FastifyRequest) {
        this.knownTokens ??= readTokens(this)
        return this.knownTokens
      },
    })
    app.decorateReply('sendTokens', function (this: FastifyReply, tokens) {
      if (this.request.headers['x-token-delivery'] === 'body') {
        return { accessToken: tokens.access.token, refreshToken: tokens.refresh.token }
      }
      clearStrays(this)
      putLines(this, [accessLine(tokens.access), refreshLine(tokens.refresh)])
      return {}
    })
    app.decorateReply('clearTokens', function (this: FastifyReply) {
      clearStrays(this)
      clear(this, accessName, access)
      clear(this, refreshName, refresh)
    })
  },
  { name: 'cookies' },
)

/** The domains that a cookie for this host may have been set on: `a.b.example` and `b.example`. */
const parentDomains = (host: string): string[] => {
  const labels = host.split('.')
  if (labels.length < 2 || /^[\d.]+$|:/.test(host)) return []
  return labels.slice(0, -1).map((_, depth) => labels.slice(depth).join('.'))
}
