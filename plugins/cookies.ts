import cookie, { type CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../src/config/schema.js'
import type { IssuedTokens } from '../src/sessions/issue.js'
import type { IssuedToken } from '../src/tokens/access-token.js'

/** The tokens of a request. A browser may hold several cookies of one name, from an old domain or path. */
export interface PresentedTokens {
  access: string[]
  refresh: string[]
}

/** What of the tokens goes into the answer's body: nothing, unless the client asked for it there. */
export type DeliveredTokens = { accessToken: string; refreshToken: string } | Record<string, never>

declare module 'fastify' {
  interface FastifyRequest {
    /** A Bearer token stands in for the access cookie. */
    readonly tokens: PresentedTokens
  }
  interface FastifyReply {
    /** Hands tokens out: as cookies, or as the body's members to a client that sent `X-Token-Delivery: body`. */
    sendTokens: (tokens: IssuedTokens) => DeliveredTokens
    /** Hands out a new access token alone, the way in which the old one came. */
    renewAccess: (issued: IssuedToken) => void
    /** Takes the token cookies back. Only for a definite verdict on them. */
    clearTokens: () => void
  }
}

/** As many cookies of one name as are looked at: two domains and two paths. */
const candidatesMax = 4
const refreshPath = '/api/auth'

/** All values of a cookie, in the browser's order: the most specific path first (RFC 6265, 5.4). */
export const cookieValues = (header: string | undefined, name: string): string[] => {
  if (header === undefined) return []
  const values: string[] = []
  for (const pair of header.split(';')) {
    const cut = pair.indexOf('=')
    if (pair.slice(0, cut).trim() !== name) continue
    const value = pair.slice(cut + 1).trim()
    if (value !== '' && !values.includes(value) && values.length < candidatesMax) values.push(value)
  }
  return values
}

/** The prefixes (RFC 6265bis, 4.1.3) keep other hosts and plain http from setting these cookies. */
export const cookieNames = ({ COOKIE_SECURE, COOKIE_DOMAIN }: Config) => {
  if (!COOKIE_SECURE) return { access: 'access_token', refresh: 'refresh_token' }
  const prefix = COOKIE_DOMAIN === undefined ? '__Host-' : '__Secure-'
  return { access: `${prefix}access_token`, refresh: '__Secure-refresh_token' }
}

const bearer = /^Bearer +(\S+) *$/i

/** Offers the token cookies (contract: names, attributes and lives in docs/sessions.md). */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    // The hook would parse every cookie of every request and keep one of each name.
    await app.register(cookie, { hook: false })

    const { COOKIE_SECURE: secure, COOKIE_DOMAIN: domain } = config
    const { access: accessName, refresh: refreshName } = cookieNames(config)
    const attributes: CookieSerializeOptions = {
      httpOnly: true,
      secure,
      sameSite: config.COOKIE_SAME_SITE,
      ...(domain !== undefined && { domain }),
    }
    const access = { ...attributes, path: '/' }
    const refresh = { ...attributes, path: refreshPath }

    /** Where else a cookie of the same name may stem from: another path, or before the domain changed. */
    const strays = (present: CookieSerializeOptions): CookieSerializeOptions[] =>
      ['/', refreshPath].flatMap((path) =>
        [undefined, ...parentDomains(domain ?? new URL(config.PUBLIC_URL).hostname)].flatMap(
          (other) => {
            const { domain: _, ...rest } = attributes
            const stray = { ...rest, path, ...(other !== undefined && { domain: other }) }
            return stray.path === present.path && other === domain ? [] : [stray]
          },
        ),
      )

    const clear = (reply: FastifyReply, name: string, options: CookieSerializeOptions) =>
      reply.setCookie(name, '', { ...options, maxAge: 0 })

    /** Clears what stands beside the present cookie, where the browser has shown to have more than one. */
    const clearStrays = (reply: FastifyReply) => {
      const { cookie: header } = reply.request.headers
      if (cookieValues(header, accessName).length > 1) {
        for (const stray of strays(access)) clear(reply, accessName, stray)
      }
      if (cookieValues(header, refreshName).length > 1) {
        for (const stray of strays(refresh)) clear(reply, refreshName, stray)
      }
    }

    app.decorateRequest('tokens', {
      getter(this: FastifyRequest) {
        const { authorization, cookie: header } = this.headers
        const token = bearer.exec(authorization ?? '')?.[1]
        return {
          access: token === undefined ? cookieValues(header, accessName) : [token],
          refresh: cookieValues(header, refreshName),
        }
      },
    })

    app.decorateReply('sendTokens', function (this: FastifyReply, tokens) {
      if (this.request.headers['x-token-delivery'] === 'body') {
        return { accessToken: tokens.access.token, refreshToken: tokens.refresh.token }
      }
      clearStrays(this)
      this.setCookie(accessName, tokens.access.token, {
        ...access,
        maxAge: tokens.access.expiresIn,
      })
      this.setCookie(refreshName, tokens.refresh.token, {
        ...refresh,
        maxAge: tokens.refresh.expiresIn,
      })
      return {}
    })

    app.decorateReply('renewAccess', function (this: FastifyReply, { token, expiresIn }) {
      if (bearer.test(this.request.headers.authorization ?? '')) this.header('X-New-Token', token)
      else this.setCookie(accessName, token, { ...access, maxAge: expiresIn })
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
