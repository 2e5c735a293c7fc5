import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { endWithUs } from './end-with-us.js'
import { freePort } from './free-port.js'
import { findHaproxy } from './programs.js'

const configFile = fileURLToPath(new URL('../../deploy/haproxy/haproxy.cfg', import.meta.url))

/** HAProxy with the configuration that is shipped, in front of two ports of this machine. */
export interface Balancer {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** What it has printed so far. */
  readonly output: string
  start: () => Promise<void>
  /** Ends it at once. */
  kill: () => Promise<void>
}

export const startBalancer = async (
  t: Pick<Test, 'teardown'>,
  ports: readonly [number, number],
): Promise<Balancer> => {
  const program = findHaproxy()
  if (program === undefined) throw new Error('No haproxy: run node test/support/prepare.js')
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-balancer-'))
  const port = await freePort()
  const [first, second] = ports
  let child: ChildProcess | undefined
  let output = ''

  const kill = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  const start = async (): Promise<void> => {
    const started = spawn(program, ['-db', '-f', configFile], {
      env: {
        BALANCER_BIND: `127.0.0.1:${port}`,
        BALANCER_SOCKET: join(folder, 'socket'),
        API_1: `127.0.0.1:${first}`,
        API_2: `127.0.0.1:${second}`,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child = started
    if (started.pid !== undefined) started.once('exit', endWithUs(started.pid))
    for (const stream of [started.stdout, started.stderr]) {
      stream.on('data', (chunk) => {
        output = (output + chunk).slice(-1_000_000)
      })
    }
    const isUp = async () => {
      while (started.exitCode === null) {
        const answer = await fetch(`http://127.0.0.1:${port}/health/live`).catch(() => undefined)
        await answer?.arrayBuffer()
        if (answer?.ok) return
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      throw new Error(`haproxy did not start:\n${output}`)
    }
    await isUp()
  }

  t.teardown(async () => {
    await kill()
    rmSync(folder, { recursive: true, force: true })
  })
  await start()

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    get pid() {
      return child?.pid ?? 0
    },
    get output() {
      return output
    },
    start,
    kill,
  }
}
