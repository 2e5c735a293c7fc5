import { Transform } from 'node:stream'

/**
 * The report of `npm test`: a line for each test file, the failures with their diagnostics, and a
 * closing line 'N passed, N failed'. Made for tap's `reporter` option, which pipes raw TAP into it.
 *
 * It is stricter than tap in one thing: a test that asserts nothing fails, as does a file without a
 * test, because neither can ever find a fault.
 */
export default class Reporter extends Transform {
  #rest = ''
  #began = performance.now()
  #top = frame('')
  /** The frames that are open, outermost first: the run, a file, a test, a test in it. */
  #open = [this.#top]
  /** The diagnostics being read, if any. @type {{ indent: string, lines: string[] } | null} */
  #diagnostics = null
  /** Takes the diagnostics that may follow the latest result. @type {(lines: string[]) => void} */
  #explain = ignore
  /** Failures of the file being read. @type {{ path: string, lines: string[] }[]} */
  #failures = []
  /** Paths of every failure and of every skipped test. @type {{ failed: string[], skipped: string[] }} */
  #all = { failed: [], skipped: [] }
  #files = 0
  #assertions = 0
  #passed = 0

  /** @override @type {Transform['_transform']} */
  _transform(chunk, _encoding, done) {
    const lines = (this.#rest + chunk).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#line(line)
    done()
  }

  /** @override @type {Transform['_flush']} */
  _flush(done) {
    if (this.#rest) this.#line(this.#rest)
    const { failed, skipped } = this.#all
    if (this.#files === 0) failed.push('no test file ran')
    this.#list('Skipped:', skipped)
    this.#list('Failed:', failed)
    // Tap reports coverage before this point and says through the exit code alone that it is too low.
    if (failed.length === 0 && process.exitCode) {
      this.#print('\nEvery test passed, but coverage is below its floor (see .taprc).')
    }
    if (failed.length > 0) process.exitCode = 1
    const tests = this.#passed + failed.length
    this.#print(
      `\n${count(this.#files, 'file')}, ${count(tests, 'test')}, ${count(this.#assertions, 'assertion')}, ${seconds(performance.now() - this.#began)}`,
    )
    const closing = `${this.#passed} passed, ${failed.length} failed`
    this.#print(skipped.length > 0 ? `${closing}, ${skipped.length} skipped` : closing)
    done()
  }

  /** @param {string} line */
  #line(line) {
    if (this.#diagnostics) return this.#diagnose(this.#diagnostics, line)
    const indent = /^ */.exec(line)?.[0] ?? ''
    const text = line.slice(indent.length)
    const depth = indent.length / 4

    const subtest = /^# Subtest: (.*)$/.exec(text)
    if (subtest) {
      this.#open.length = Math.min(this.#open.length, depth + 1)
      this.#open.push(frame(unescaped(subtest[1] ?? '')))
      return
    }
    const result =
      /^(not )?ok \d+(?: - (.*?))?(?: # (SKIP|TODO)\b ?(.*?))?(?: # time=([\d.]+)(ms|s))?$/.exec(
        text,
      )
    if (result && Number.isInteger(depth)) {
      const [, not, name = '', directive, reason, time, unit] = result
      this.#result(depth, {
        ok: !not,
        name: unescaped(name),
        directive: directive ? `${directive.toLowerCase()} ${reason}`.trim() : '',
        ms: Number(time ?? 0) * (unit === 's' ? 1000 : 1),
      })
      return
    }
    if (text === '---') {
      this.#diagnostics = { indent, lines: [] }
      return
    }
    if (text === '' || /^(#|TAP version \d+$|\d+\.\.\d+|---$|\.\.\.$)/.test(text)) return
    // What a test file printed by itself: it may be a clue.
    this.#print(line)
  }

  /** @param {{ indent: string, lines: string[] }} diagnostics @param {string} line */
  #diagnose({ indent, lines }, line) {
    if (line === `${indent}...`) {
      this.#diagnostics = null
      this.#explain(lines)
      return
    }
    lines.push(line.startsWith(indent) ? line.slice(indent.length) : line)
  }

  /**
   * A verdict: of the test that was open below this depth, or of one assertion.
   * @param {number} depth
   * @param {{ ok: boolean, name: string, directive: string, ms: number }} result
   */
  #result(depth, result) {
    const closed = this.#open[depth + 1]
    this.#open.length = Math.min(this.#open.length, depth + 1)
    // What follows a test's end only repeats where it stands: its failed assertions said more.
    this.#explain = ignore
    const path = [...this.#open.slice(1).map((open) => open.name), result.name]
    if (closed) this.#close(closed, path, result)
    else if (result.directive) this.#skip(path, result.directive)
    else this.#assertion(path, result.ok)
    if (depth === 0) this.#file(closed, result)
  }

  /** @param {string[]} path @param {boolean} ok */
  #assertion(path, ok) {
    const owner = this.#open.at(-1) ?? this.#top
    this.#assertions++
    owner.assertions++
    if (ok) return
    owner.failed = true
    const failure = { path: path.join(' > '), lines: /** @type {string[]} */ ([]) }
    this.#failures.push(failure)
    this.#explain = (lines) => failure.lines.push(...lines)
  }

  /** @param {string[]} path @param {string} directive */
  #skip(path, directive) {
    const owner = this.#open.at(-1) ?? this.#top
    owner.tests++
    this.#all.skipped.push(`${path.join(' > ')} (${directive})`)
  }

  /**
   * The end of a test or of a file. One that only holds other tests is none itself.
   * @param {ReturnType<typeof frame>} closed
   * @param {string[]} path
   * @param {{ ok: boolean }} result
   */
  #close(closed, path, { ok }) {
    const owner = this.#open.at(-1) ?? this.#top
    const empty = closed.assertions === 0 && closed.tests === 0
    // Not ok, and nothing in it says why: its process died, or was stopped.
    const died = !ok && !closed.failed && closed.failedTests === 0
    if (empty || died) {
      const why = died ? 'ended badly' : 'asserts nothing'
      this.#failures.push({ path: `${path.join(' > ')} (${why})`, lines: [] })
      closed.failed = true
    }
    const isTest = closed.assertions > 0 || closed.failed
    if (closed.failed) this.#all.failed.push(path.join(' > '))
    else if (isTest) this.#passed++
    owner.tests += closed.tests + (isTest ? 1 : 0)
    owner.failedTests += closed.failedTests + (closed.failed ? 1 : 0)
  }

  /**
   * The end of a file, or of something the runner itself says in a file's place (a time-out).
   * @param {ReturnType<typeof frame> | undefined} closed
   * @param {{ name: string, ok: boolean, ms: number }} result
   */
  #file(closed, { name, ok, ms }) {
    if (closed) this.#files++
    else if (!ok) this.#all.failed.push(name)
    const bad = this.#failures.length > 0
    this.#print(
      `${bad ? 'FAIL' : 'ok  '}  ${name}  ${count(closed?.tests ?? 0, 'test')}  ${seconds(ms)}`,
    )
    const failures = this.#failures
    this.#failures = []
    for (const { path, lines } of failures) {
      this.#print(`\n  ${path}`)
      for (const line of lines) this.#print(`    ${line}`)
    }
    if (!bad) return
    this.#print('')
    this.#explain = (lines) => {
      // Of what tap knows about the process, its command line is of no use here.
      for (const line of lines.filter((line) =>
        /^(exitCode|signal|expired): (?!null|1$)/.test(line),
      )) {
        this.#print(`  ${line}`)
      }
      this.#print('')
    }
  }

  /** @param {string} title @param {string[]} items */
  #list(title, items) {
    if (items.length === 0) return
    this.#print(`\n${title}`)
    for (const item of items) this.#print(`  ${item}`)
  }

  /** @param {string} line */
  #print(line) {
    this.push(`${line}\n`)
  }
}

/** @param {string} name */
function frame(name) {
  return { name, assertions: 0, tests: 0, failedTests: 0, failed: false }
}

function ignore() {}

/** TAP escapes '#' and '\' in names. @param {string} name */
function unescaped(name) {
  return name.replace(/\\([\\#])/g, '$1')
}

/** @param {number} number @param {string} noun */
function count(number, noun) {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

/** @param {number} ms */
function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`
}
