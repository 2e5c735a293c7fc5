/**
 * Serves the example page on an origin of its own, as a single-page application usually is.
 * `SPA_PORT` is its port (3000), `GATEHOUSE_URL` is where Gatehouse answers (http://localhost:5000).
 */
import { createServer } from 'node:http'
import { pages } from './pages.js'

/** @param {string} problem @returns {never} */
const refuse = (problem) => {
  console.error(problem)
  process.exit(1)
}

const port = Number(process.env.SPA_PORT || 3000)
if (!Number.isInteger(port) || port < 0 || port > 65_535) refuse('SPA_PORT is not a port')

const given = process.env.GATEHOUSE_URL || 'http://localhost:5000'
const api = URL.canParse(given) ? new URL(given) : undefined
if (api === undefined || !['http:', 'https:'].includes(api.protocol) || api.pathname !== '/') {
  refuse('GATEHOUSE_URL is not an origin such as http://localhost:5000')
}

const server = createServer(pages(api.origin))
server.once('error', (error) => {
  const taken = 'code' in error && error.code === 'EADDRINUSE'
  refuse(taken ? `Port ${port} is in use: set SPA_PORT to another` : error.message)
})
server.listen(port, 'localhost', () => {
  const address = server.address()
  const url = `http://localhost:${typeof address === 'object' && address ? address.port : port}`
  console.log(`The example page: ${url}

Beside it has to run Gatehouse at ${api.origin}: \`npm start\` in another terminal.
Its CLIENT_URLS must name ${url}; in development http://localhost:3000 is the default.`)
})
