import { AsyncLocalStorage } from 'node:async_hooks'
import type { FastifyInstance } from 'fastify'
import { StoreUnavailable } from '../../src/errors.js'

/** What is done to the store's answers to one request. */
export interface Interference {
  /** The method whose answer is lost on its way: the store has acted, and the instance does not hear of it. */
  lose?: string | undefined
  /** Set when an answer was lost, with the session that it told of if it was that of a start. */
  lost?: { startedSid: string | undefined }
  /** What `find` has loaded is held back until the gate is opened. */
  gate?: Gate
}

export interface Gate {
  /** Resolves when something is being held back. */
  reached: Promise<void>
  arrive: () => void
  opened: Promise<void>
  open: () => void
}

export const createGate = (): Gate => {
  let arrive = (): void => {}
  let open = (): void => {}
  const reached = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { reached, arrive, opened, open }
}

const current = new AsyncLocalStorage<Interference>()

/** Makes requests of an app whose store answers as `hand` says. */
export const interfering = <Result>(hand: Interference, work: () => Promise<Result>) =>
  current.run(hand, work)

const tamper = (store: object, name: string): void => {
  const original: unknown = Reflect.get(store, name)
  if (typeof original !== 'function') throw new Error(`A store has no ${name}`)
  Reflect.set(store, name, async (...args: unknown[]) => {
    const result: unknown = await original.apply(store, args)
    const hand = current.getStore()
    if (hand?.lose === name) {
      const [start] = args
      const startedSid = name === 'start' ? (start as { sid: string }).sid : undefined
      hand.lost = { startedSid }
      throw new StoreUnavailable()
    }
    if (name === 'find' && hand?.gate !== undefined) {
      hand.gate.arrive()
      await hand.gate.opened
    }
    return result
  })
}

/** Puts `interfering` between an app and its store. */
export const tamperWith = ({ stores: { sessions, accounts } }: FastifyInstance): void => {
  for (const name of ['start', 'rotate', 'find', 'end', 'endAll']) tamper(sessions, name)
  tamper(accounts, 'changePassword')
}
