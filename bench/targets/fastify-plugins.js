/** The same route behind the plugins that everybody adds, nobody being asked who they are. */
import Fastify from 'fastify'
import { answer, response } from './answer.js'
import { addPlugins } from './plugins.js'
import { host, port, ready } from './ready.js'

const app = Fastify()
await addPlugins(app)
app.get('/session', { schema: { response } }, async () => answer)
await app.listen({ host, port })
ready()
