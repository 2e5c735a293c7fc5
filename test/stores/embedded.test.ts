import { open } from 'lmdb'
import t from 'tap'
import type { Account } from '../../src/accounts/account.js'
import { openEmbedded } from '../../src/embedded/index.js'
import { accountContract } from './account-contract.js'
import { administrationContract } from './administration-contract.js'
import { invalidationContract } from './invalidation-contract.js'
import { mailContract } from './mail-contract.js'
import { recoveryContract } from './recovery-contract.js'
import { sessionContract } from './session-contract.js'
import type { Subject } from './subject.js'

let ahead = 0
const folder = t.testdir()
const stores = openEmbedded(folder, () => Date.now() + ahead)
/** The store's own file, read and written past its ports. */
const file = open({ path: `${folder}/data.mdb`, maxDbs: 32 })
const accounts = file.openDB<Account, string>({ name: 'accounts' })
t.teardown(async () => {
  await file.close()
  await stores.close()
})

const subject: Subject = {
  stores,
  elsewhere: stores,
  age: async (_userId, ms) => {
    ahead += ms
  },
  alter: async (userId, changes) => {
    const account = accounts.get(userId)
    if (account === undefined) throw new Error('There is no such account')
    await (changes ? accounts.put(userId, { ...account, ...changes }) : accounts.remove(userId))
    // Only a commit of its own tells the store at once that what it has read may be old.
    await stores.ping()
  },
}

t.test('the embedded store keeps the promises of', async (t) => {
  t.test('accounts', async (t) => accountContract(t, subject))
  t.test('administration', async (t) => administrationContract(t, subject))
  t.test('sessions', async (t) => sessionContract(t, subject))
  t.test('invalidations', async (t) => invalidationContract(t, subject))
  t.test('recovery', async (t) => recoveryContract(t, subject))
  t.test('mails', async (t) => mailContract(t, subject))
})
