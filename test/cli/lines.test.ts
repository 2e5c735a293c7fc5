import { Readable } from 'node:stream'
import fc from 'fast-check'
import t from 'tap'
import { lineMax, readLines } from '../../src/cli/lines.js'
import { table } from '../../src/cli/output.js'
import { progressLine } from '../../src/cli/progress.js'

const linesOf = async (chunks: Buffer[]) => {
  const found = []
  for await (const line of readLines(Readable.from(chunks))) found.push(line)
  return found
}

t.test('lines are the same however the file comes in pieces', async (t) => {
  const text = fc.string({ unit: fc.constantFrom('a', 'ä', '😀', '\n', '\r\n'), maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(text, fc.integer({ min: 1, max: 7 }), async (file, size) => {
      const bytes = Buffer.from(file)
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      )
      const found = await linesOf(chunks)
      const expected = file.split('\n').map((line) => line.trim())
      // What stands behind the last line end is a line only if there is something.
      if (file === '' || file.endsWith('\n')) expected.pop()
      t.strictSame(
        found.map((line) => line.text),
        expected,
      )
      t.strictSame(
        found.map((line) => line.number),
        expected.map((_, index) => index + 1),
      )
      t.equal(found.at(-1)?.end ?? 0, bytes.length)
    }),
  )
})

t.test('what is too long or not UTF-8 is no text, and the next line is', async (t) => {
  const long = Buffer.alloc(lineMax + 1, 'x')
  const found = await linesOf([long, long, Buffer.from('\nnext\n'), Buffer.from([0xff, 0x0a])])
  t.strictSame(
    found.map((line) => line.text),
    [undefined, 'next', undefined],
  )
  const [first] = await linesOf([Buffer.alloc(lineMax, 'x')])
  t.equal(first?.text?.length, lineMax)
  const [marked] = await linesOf([Buffer.from('\ufeff{}\n')])
  t.equal(marked?.text, '{}', 'a byte order mark is none of it')
})

t.test('progress tells count, rate and the time that is left', async (t) => {
  const line = (share: number | undefined) =>
    progressLine('accounts', { done: 900, share, seconds: 3 })
  t.equal(line(undefined), '900 accounts, 300 a second')
  t.equal(line(0), '900 accounts, 300 a second')
  t.equal(line(0.25), '900 accounts, 300 a second, 25 %, 0:00:09 left')
  t.equal(line(0.000_4), '900 accounts, 300 a second, 0 %, 2:04:57 left')
  t.equal(line(1), '900 accounts, 300 a second, 100 %, 0:00:00 left')
})

t.test('a table has a column for each heading', async (t) => {
  t.equal(table(['A', 'BC'], [['long', 'x'], ['😀']]), 'A     BC\nlong  x\n😀')
})
