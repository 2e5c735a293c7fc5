import type { Environment } from './config/given.js'

/** How often it is asked whether npm is there still, in milliseconds. */
const every = 250

/**
 * Ends this process, as a SIGTERM does, once the shell is gone that npm runs `start` or `dev` in. npm hands
 * the shell the SIGTERM that it gets itself; the shell dies of it and hands none on, and would leave a server
 * behind that has the port and the store.
 */
export const endWithNpm = ({ npm_lifecycle_event: script }: Environment): void => {
  if (script !== 'start' && script !== 'dev') return
  const shell = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === shell) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }, every).unref()
}
