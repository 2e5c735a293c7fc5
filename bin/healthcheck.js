/**
 * The check of a container: whether the process serves. It does not ask for readiness, since an instance
 * whose store is away is to wait for it, and not to be replaced.
 */
const { HOST = '0.0.0.0', PORT = '5000' } = process.env
const host = HOST === '0.0.0.0' || HOST === '::' ? '127.0.0.1' : HOST
const authority = host.includes(':') ? `[${host}]` : host

try {
  const answer = await fetch(`http://${authority}:${PORT}/health/live`, {
    signal: AbortSignal.timeout(4_000),
  })
  process.exitCode = answer.ok ? 0 : 1
} catch (error) {
  console.error(String(error))
  process.exitCode = 1
}
