import t from 'tap'
import { startServer } from './support/process.js'
import { startRedis } from './support/redis.js'
t.test('real', async (t) => {
  const redis = await startRedis(t)
  const env = { REDIS_URL: redis.url, JWT_SECRET: 'kq8Zt2vYx1Lr0pWm5Nc7Bh4Jd9Fg3Sa6', JWT_REFRESH_SECRET: 'Qm1Wn2Eb3Rv4Tc5Yx6Uz7Il8Ok9Pj0Ah', CLIENT_URLS: 'http://localhost:3000' }
  const began = Date.now()
  const server = await startServer(t, { env })
  t.comment(Date.now() - began, server.url)
  t.equal((await fetch(`${server.url}/health`)).status, 200)
  server.kill('SIGTERM')
  t.strictSame(await server.exited, { code: 0, signal: null })
})
