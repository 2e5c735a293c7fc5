import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '../config/config-error.js'
import { message, type Sender } from './message.js'
import type { Transport } from './transport.js'

/** As many mails as are kept; the oldest go first, looked for after so many new ones. */
const keptMax = 1_000
const trimEvery = 50

/** The file whole or not at all, and for its owner alone: it may hold a link. */
const write = async (file: string, content: Buffer): Promise<void> => {
  const draft = `${file}.tmp`
  const handle = await open(draft, 'w', 0o600)
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(draft, file)
}

/** Removes the oldest, whose names come first. */
const trim = async (folder: string): Promise<void> => {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.eml')).sort()
  const old = files.slice(0, Math.max(0, files.length - keptMax))
  await Promise.all(old.map((name) => rm(join(folder, name), { force: true })))
}

/** Loaded with the first mail: without a mail server there may never be one. */
const openMailer = async () => {
  const { createTransport } = await import('nodemailer')
  return createTransport({ streamTransport: true, buffer: true })
}

/** Writes mails into a folder instead of sending them, each an `.eml` file named by its time. */
export const createOutboxTransport = (folder: string, sender: Sender): Transport => {
  let mailer: ReturnType<typeof openMailer> | undefined
  let written = 0

  return {
    kind: 'outbox',
    send: async (mail) => {
      try {
        mailer ??= openMailer()
        const { message: content } = await (await mailer).sendMail(message(mail, sender))
        const time = new Date().toISOString().replaceAll(/[:.]/g, '-')
        await mkdir(folder, { recursive: true, mode: 0o700 })
        // `buffer` above makes it one.
        await write(join(folder, `${time}-${mail.id}.eml`), content as Buffer)
        if (written++ % trimEvery === 0) await trim(folder)
        return { outcome: 'sent' }
      } catch (error) {
        return { outcome: 'failed', reason: errorCode(error) }
      }
    },
    // Nothing is open between mails.
    close: () => {},
  }
}
