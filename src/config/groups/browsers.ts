import { Type } from '@sinclair/typebox'
import { choice, flag, list, proxies, text } from '../variables.js'

/** Which pages may call it, what its cookies are like, and which proxies are believed. */
export const browsers = {
  CLIENT_URLS: list({
    form: 'exact origins such as https://app.example.com',
    defaults: { development: 'http://localhost:3000' },
    description: 'The origins of the single-page applications that may call this server',
  }),
  COOKIE_SECURE: flag({
    defaults: { development: 'false', test: 'false', staging: 'true', production: 'true' },
    description: 'Cookies travel over https only, with the prefixes `__Host-` and `__Secure-`',
  }),
  COOKIE_SAME_SITE: choice(['strict', 'lax', 'none'], {
    defaults: 'strict',
    description:
      '`SameSite` of the cookies; `none`, for applications on another site, needs `COOKIE_SECURE`',
  }),
  COOKIE_DOMAIN: Type.Optional(
    text({
      form: 'a domain such as example.com',
      // A single label or an address is no domain that browsers accept in a cookie (RFC 6265, 5.3).
      bounds: {
        maxLength: 253,
        pattern:
          '^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\\.)+[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?$',
      },
      description: 'The parent domain, where sub-domains are to share the cookies',
    }),
  ),
  TRUST_PROXY: proxies({
    defaults: 'false',
    description:
      'The proxies in front, whose `X-Forwarded-*` headers are believed. Never `true` or a number',
  }),
}
