import { Worker } from 'node:worker_threads'
import type { ReadHash } from './read-hash.js'

/** 2 to this power rounds take about a second. */
const costMax = 14
const pattern = /^\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/

/** Reads a modular crypt string of bcrypt. */
export const readBcryptString = (text: string): ReadHash => {
  const [, cost] = pattern.exec(text) ?? []
  if (cost === undefined) return { problem: 'is not a bcrypt string ($2a$, $2b$ or $2y$)' }
  if (Number(cost) > costMax) {
    return { problem: `costs more than a sign-in may: a cost of ${costMax}` }
  }
  return { check: (password) => checkElsewhere(password, text) }
}

/**
 * In a thread of its own, for it is JavaScript that computes for up to a second. One for each check: an
 * account needs it once, and a thread that idles would be kept for that.
 */
const checkElsewhere = (password: string, stored: string) =>
  new Promise<boolean>((resolve, reject) => {
    const worker = new Worker(new URL('./bcrypt-worker.js', import.meta.url), {
      workerData: { password, stored },
    })
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error('The bcrypt worker ended without a verdict')))
  })
