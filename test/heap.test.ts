import { getHeapStatistics } from 'node:v8'
import t from 'tap'
import { giveMemoryBack } from '../src/heap.js'

const megabyte = 2 ** 20

t.test('what nobody needs any more is given back', async (t) => {
  let held: string[][] | undefined = Array.from({ length: 64 }, () =>
    // As many pointers as fill a megabyte.
    Array.from({ length: megabyte / 8 }, () => ''),
  )
  const before = getHeapStatistics().total_physical_size
  t.equal(held.length, 64)
  held = undefined
  await giveMemoryBack()
  t.ok(getHeapStatistics().total_physical_size < before - 60 * megabyte)
})
