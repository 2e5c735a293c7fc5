import { type Browser, chromium } from 'playwright-core'
import type { Test } from 'tap'
import { findChromium } from '../support/programs.js'

/** Without these a browser looks up its maker's hosts at every start. */
const quiet = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Starts a browser of one's own; it ends with the test. */
export const startChromium = async (t: Pick<Test, 'teardown'>): Promise<Browser> => {
  const executablePath = findChromium()
  if (!executablePath) throw new Error('No Chromium: run node test/support/prepare.js')
  // Root, as in a container, can't use Chromium's own sandbox.
  const chromiumSandbox = process.platform !== 'linux' || process.getuid?.() !== 0
  const browser = await chromium.launch({ executablePath, chromiumSandbox, args: quiet })
  t.teardown(() => browser.close())
  return browser
}
