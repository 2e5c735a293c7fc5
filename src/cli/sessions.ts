import type { Command } from 'commander'
import { allAccounts } from './export-users.js'
import { CommandFailure, exitCodes } from './failure.js'
import { print } from './output.js'
import { confirm } from './password-input.js'
import { startProgress } from './progress.js'
import { withStores } from './with-stores.js'

/** Accounts whose sessions are ended at once. */
const atOnce = 64

interface EndOptions {
  all?: true
  yes?: true
  json?: true
}

const endAll = async ({ all, yes, json }: EndOptions): Promise<void> => {
  if (!all) {
    throw new CommandFailure(
      exitCodes.usage,
      'Say --all to sign everybody out; for one account there is user sessions --end',
    )
  }
  await confirm('This signs everybody out', yes)
  await withStores(async ({ stores, emit, origin }) => {
    let accounts = 0
    let revoked = 0
    const finish = startProgress('accounts', () => ({ done: accounts, share: undefined }))
    for await (const page of allAccounts(stores.accounts)) {
      const waiting = page.values()
      const work = async (): Promise<void> => {
        for (const { userId } of waiting) {
          revoked += await stores.sessions.endAll(userId)
          accounts += 1
        }
      }
      await Promise.all(Array.from({ length: atOnce }, work))
    }
    finish()
    // One for all: as many as there are accounts would push everything else out of the list of events.
    emit('session.revoked', origin, { reason: 'command_line_all' })
    const text = `${revoked} sessions of ${accounts} accounts ended`
    print(json ? JSON.stringify({ revoked, accounts }) : text)
  })
}

/** Adds `sessions end`. */
export const addSessionsCommands = (program: Command): void => {
  program
    .command('sessions')
    .description('the sessions of everybody')
    .command('end')
    .description('sign everybody out, on all devices, at once')
    .option('--all', 'that it is meant')
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  gatehouse sessions end --all')
    .action(endAll)
}
