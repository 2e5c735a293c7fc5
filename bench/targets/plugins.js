import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import underPressure from '@fastify/under-pressure'

/** Cookies, security headers, CORS, a limit and a bound on load, each as its own page shows it. */
export const addPlugins = async (app) => {
  await app.register(cookie)
  await app.register(helmet)
  await app.register(cors, { origin: ['https://app.example.com'], credentials: true })
  await app.register(rateLimit, { max: 1_000_000_000, timeWindow: '15 minutes' })
  await app.register(underPressure, { maxEventLoopDelay: 1_000 })
}
