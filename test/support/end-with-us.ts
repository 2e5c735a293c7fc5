import { spawn } from 'node:child_process'

/**
 * Sees that a child ends when this process does, however it ends: a test file that takes too long is
 * killed by the runner before its teardowns have run, and would leave its servers behind for ever.
 * A shell waits for the end of a pipe, which the system closes when this process is gone.
 *
 * @returns to be called when the child has ended, before its pid can become another's
 */
export const endWithUs = (pid: number): (() => void) => {
  if (process.platform === 'win32') return () => {}
  const guard = spawn('sh', ['-c', `read _; kill -9 ${pid}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // In a group of its own: it has to outlive the Ctrl-C that ends us.
    detached: true,
  })
  guard.unref()
  // A guard that could not be started or has gone is no reason to fail a test.
  guard.on('error', () => {})
  guard.stdin.on('error', () => {})
  return () => guard.kill('SIGKILL')
}
