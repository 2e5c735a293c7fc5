/**
 * A process that has the store in `FOLDER` open and signs people up and in, one after the other, until it
 * is killed or refused. It says what was acknowledged; its accounts have names of `NAME_LENGTH`.
 */
import { openEmbedded } from '../../src/embedded/index.js'
import { sortableId } from '../../src/ids.js'
import { hour, inShort, newAccount } from '../stores/subject.js'

const log = (line: Record<string, unknown>): void => console.log(JSON.stringify(line))

const stores = openEmbedded(process.env.FOLDER ?? '')
const { start, rotate } = inShort(stores)
const name = 'x'.repeat(Number(process.env.NAME_LENGTH))

let refusals = 0
while (refusals < 3) {
  const { userId, email } = newAccount()
  try {
    await stores.accounts.create(newAccount({ userId, email, name }))
    log({ msg: 'created', userId, email })
    const { sid } = await start(userId, { sid: sortableId(), idle: hour })
    const { outcome } = await rotate(userId, sid, 1)
    log({ msg: outcome, userId, sid })
  } catch (error) {
    refusals++
    log({ msg: 'refused', userId, email, error: (error as Error).name })
  }
}
await stores.close()
