import { AsyncResource, createHook } from 'node:async_hooks'
import t from 'tap'
import { keepTickLayout } from '../src/tick-layout.js'

t.test('one tick object is kept, and what comes after it goes unseen', async (t) => {
  t.equal(keepTickLayout(), true)
  await new Promise<void>((resolve) => process.nextTick(resolve))
  const seen: string[] = []
  const hook = createHook({ init: (_id, type) => seen.push(type) }).enable()
  new AsyncResource('PROBE').emitDestroy()
  hook.disable()
  t.ok(seen.includes('PROBE'), 'hooks of others work')
})
