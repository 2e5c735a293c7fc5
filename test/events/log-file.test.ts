import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { openLogFile } from '../../src/log-file.js'
import { eventually } from '../support/app.js'

const day = 24 * 60 * 60_000
/** The files of a log, the present one first. */
const filesOf = (folder: string, name = 'server.log') =>
  readdirSync(folder)
    .filter((file) => file.startsWith(name))
    .sort()

t.test('lines are in the file once it is closed, for its owner alone', async (t) => {
  const folder = t.testdir()
  const path = `${folder}/logs/deep/server.log`
  const file = openLogFile(path)
  for (let i = 0; i < 100; i += 1) file.write(`line ${i}\n`)
  await file.close()
  t.equal(readFileSync(path, 'utf8').split('\n').length, 101)
  t.equal(statSync(path).mode & 0o777, 0o600)
  const again = openLogFile(path)
  again.write('one more\n')
  await again.close()
  t.match(readFileSync(path, 'utf8'), /line 99\none more\n$/)
  await again.close()
})

t.test('at its size it is rotated, and no line is lost', async (t) => {
  const folder = t.testdir()
  const file = openLogFile(`${folder}/server.log`, { size: 1_000 })
  const written = () =>
    filesOf(folder).reduce((sum, name) => sum + statSync(`${folder}/${name}`).size, 0)
  for (let i = 0; i < 100; i += 1) {
    file.write(`${String(i).padStart(98, '.')}\n`)
    // What comes while the disk is busy is written together, into one file.
    if (i % 10 === 0) await eventually(async () => written() === (i + 1) * 99)
  }
  await file.close()
  const files = filesOf(folder)
  t.ok(files.length >= 8, `${files.length} files`)
  const lines = files.flatMap((name) =>
    readFileSync(`${folder}/${name}`, 'utf8').trim().split('\n'),
  )
  t.strictSame(
    lines
      .filter((line) => line !== '')
      .map((line) => Number(line.replaceAll('.', '')))
      .sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, i) => i),
  )
  for (const name of files.slice(1)) {
    t.match(name, /^server\.log\.\d{8}T\d{6}\.\d+$/)
    t.ok(statSync(`${folder}/${name}`).size <= 1_100)
    t.equal(statSync(`${folder}/${name}`).mode & 0o777, 0o600)
  }
})

t.test('what was rotated is kept for 14 days, and nothing else is touched', async (t) => {
  const old = ['server.log.20250101T000000.1', 'server.log.20250101T000000.12']
  const kept = [
    'server.log.20250102T000000.1',
    'server.log.old',
    'server.log.20250101T000000.1.gz',
    'server.logs.20250101T000000.1',
    'other.log.20250101T000000.1',
  ]
  const folder = t.testdir(Object.fromEntries([...old, ...kept].map((name) => [name, 'x'])))
  for (const name of [...old, ...kept]) {
    const time = (Date.now() - (name === kept[0] ? 13.9 : 14.1) * day) / 1000
    utimesSync(`${folder}/${name}`, time, time)
  }
  const file = openLogFile(`${folder}/server.log`)
  file.write('x\n')
  await eventually(async () => !old.some((name) => existsSync(`${folder}/${name}`)))
  await file.close()
  for (const name of kept) t.ok(existsSync(`${folder}/${name}`), name)

  const short = openLogFile(`${folder}/server.log`, { size: 50, keptMs: 0 })
  for (let i = 0; i < 20; i += 1) {
    short.write(`${'x'.repeat(30)}\n`)
    await setTimeout(2)
  }
  await short.close()
  await eventually(async () => filesOf(folder).length <= 6)
})

t.test('a file that can not be written', async (t) => {
  t.test('is told of, loses lines, throws nothing, and is tried again', async (t) => {
    const folder = t.testdir()
    const path = `${folder}/server.log`
    // A folder in its place fails for everybody, root too.
    mkdirSync(path)
    const failures: Error[] = []
    const file = openLogFile(path, { retryAfter: 20, onFailure: (error) => failures.push(error) })
    for (let i = 0; i < 3; i += 1) file.write('lost\n')
    await eventually(async () => failures.length > 0)
    t.match(failures[0]?.message, /not a file/)
    file.write('lost too\n')
    await setTimeout(30)
    rmdirSync(path)
    file.write('kept\n')
    await eventually(async () => existsSync(path) && readFileSync(path, 'utf8') === 'kept\n')
    await file.close()
  })

  t.test('can be closed', async (t) => {
    const folder = t.testdir({ file: 'x' })
    const file = openLogFile(`${folder}/file/server.log`)
    file.write('lost\n')
    await setTimeout(50)
    await file.close()
    t.equal(readFileSync(`${folder}/file`, 'utf8'), 'x')
  })
})

t.test('lines that a disk does not take in time are not kept in memory for ever', async (t) => {
  const folder = t.testdir()
  const file = openLogFile(`${folder}/server.log`)
  // All within one turn: nothing can be written meanwhile.
  const line = `${'x'.repeat(1_023)}\n`
  for (let i = 0; i < 20 * 1_024; i += 1) file.write(line)
  await file.close()
  const { size } = statSync(`${folder}/server.log`)
  t.ok(size >= 8 * 2 ** 20 && size < 8.1 * 2 ** 20, `${size} bytes of 20 MiB`)
  chmodSync(folder, 0o700)
  writeFileSync(`${folder}/x`, '')
})
