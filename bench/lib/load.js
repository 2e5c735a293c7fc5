import { fileURLToPath } from 'node:url'
import { asking, start } from './processes.js'

const program = fileURLToPath(new URL('load-process.js', import.meta.url))

/** The process that asks. */
export const startLoad = ({ core = asking } = {}) => {
  const child = start(process.execPath, [program], {
    core,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  return {
    pid: child.pid,
    /** Runs one load; `started` is called when all its connections stand. */
    run: (load, started = () => {}) =>
      new Promise((resolve, reject) => {
        const fail = () => reject(new Error('The load process ended'))
        const hear = (message) => {
          if (message.started) return started()
          child.off('message', hear).off('exit', fail)
          resolve(message.result)
        }
        child.on('message', hear)
        child.once('exit', fail)
        child.send(load)
      }),
    close: () => child.disconnect(),
  }
}
