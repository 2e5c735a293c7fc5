import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Command } from 'commander'
import type { Account } from '../accounts/account.js'
import type { AccountStore } from '../accounts/account-store.js'
import { exportLine } from '../accounts/import-line.js'
import { note } from './output.js'
import { withStores } from './with-stores.js'

/** Accounts that are read at once. */
const pageSize = 500

/** Every account, the newest first, a page at a time. */
export async function* allAccounts(
  accounts: Pick<AccountStore, 'list'>,
): AsyncGenerator<Account[]> {
  let cursor: string | undefined
  do {
    const page = await accounts.list({ limit: pageSize, ...(cursor !== undefined && { cursor }) })
    yield page.accounts
    cursor = page.nextCursor
  } while (cursor !== undefined)
}

const exportUsers = ({ withHashes = false }: { withHashes?: boolean }): Promise<void> =>
  withStores(async ({ config, stores }) => {
    const options = { withHash: withHashes, hasPepper: config.PASSWORD_PEPPER !== undefined }
    let count = 0
    const lines = async function* () {
      for await (const page of allAccounts(stores.accounts)) {
        count += page.length
        yield page.map((account) => `${JSON.stringify(exportLine(account, options))}\n`).join('')
      }
    }
    await pipeline(Readable.from(lines()), process.stdout, { end: false })
    note(`${count} accounts exported`)
  })

/** Adds `export users`. */
export const addExportCommand = (program: Command): void => {
  program
    .command('export')
    .description('write accounts for another system')
    .command('users')
    .description('write all accounts, one JSON object a line, as import users reads them')
    .option('--with-hashes', 'with the password hashes: keep what is written as you keep the store')
    .addHelpText(
      'after',
      `
Examples:
  gatehouse export users > accounts.ndjson
  (umask 077; gatehouse export users --with-hashes > accounts.ndjson)`,
    )
    .action(exportUsers)
}
