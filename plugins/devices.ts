import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { createDevices, type Device, knownMs } from '../src/abuse/devices.js'
import type { Config } from '../src/config/schema.js'
import { cookieValues } from './request-tokens.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** The browser, if it has signed in to anything before. */
    readonly device: Device | undefined
  }
  interface FastifyReply {
    /** Makes the browser known as one that has signed in to this account. */
    rememberDevice: (userId: string) => void
  }
}

/** Offers the device cookie: proof of an earlier sign-in, which guesses made elsewhere can't lock out. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const devices = createDevices([config.JWT_SECRET, ...(config.JWT_SECRET_PREVIOUS ?? [])])
    const name = config.COOKIE_SECURE ? '__Secure-device' : 'device'

    app.decorateRequest('device', {
      getter(this: FastifyRequest) {
        for (const value of cookieValues(this.headers.cookie, name)) {
          const device = devices.read(value)
          if (device !== undefined) return device
        }
        return undefined
      },
    })
    app.decorateReply('rememberDevice', function (this: FastifyReply, userId) {
      // A client that wants its tokens in the body keeps no cookies.
      if (this.request.headers['x-token-delivery'] === 'body') return
      app.writeCookie(this, name, devices.write(this.request.device, userId), {
        httpOnly: true,
        secure: config.COOKIE_SECURE,
        sameSite: config.COOKIE_SAME_SITE,
        // Wherever a password is checked, the deletion of an account included.
        path: `${app.prefix}/api`,
        maxAge: knownMs / 1000,
        ...(config.COOKIE_DOMAIN !== undefined && { domain: config.COOKIE_DOMAIN }),
      })
    })
  },
  { name: 'devices', dependencies: ['cookies'] },
)
