import fp from 'fastify-plugin'
import type { Config } from '../src/config/schema.js'
import { version } from '../src/version.js'
import { cookieNames } from './cookies.js'
import { docsTheme } from './docs-theme.js'

/** Makes the OpenAPI document from the routes' schemas and, where configured, shows it below `/docs`. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    // An embedding app's document can't show our routes: it has not the security schemes that they name.
    const shown = new WeakSet<object>()
    app.addHook('onRoute', (route) => {
      if (route.schema?.hide) return
      route.schema = { ...route.schema, hide: true }
      shown.add(route.schema)
    })
    if (!config.DOCS) return
    const { default: swagger } = await import('@fastify/swagger')
    const { default: swaggerUi } = await import('@fastify/swagger-ui')
    await app.register(swagger, {
      // A route at the root of its scope answers with and without a slash; its name has none.
      transform: ({ schema, url }) => ({
        schema: { ...schema, hide: !shown.has(schema) },
        url: url.replace(/(.)\/$/, '$1'),
      }),
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'Gatehouse',
          description: 'Sign-in for single-page applications.',
          version,
          license: { name: 'MIT', identifier: 'MIT' },
        },
        servers: [{ url: config.PUBLIC_URL }],
        components: {
          securitySchemes: {
            cookie: {
              type: 'apiKey',
              in: 'cookie',
              name: cookieNames(config).access,
            },
            bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
          },
        },
      },
    })
    await app.register(async (page) => {
      page.addHook('onRoute', (route) => {
        route.config = { ...route.config, hasOwnPolicy: true }
      })
      await page.register(swaggerUi, {
        routePrefix: '/docs',
        ...docsTheme,
        staticCSP: true,
        // The page would ask for its own parts over https even where nobody serves that.
        transformStaticCSP: (policy) => policy.replace(' upgrade-insecure-requests;', ''),
      })
    })
  },
  { name: 'docs' },
)
