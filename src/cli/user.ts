import { Argument, type Command, InvalidArgumentError, Option } from 'commander'
import { type Role, roles } from '../accounts/account.js'
import { createAdministration } from '../accounts/administration.js'
import { print } from './output.js'
import { confirm } from './password-input.js'
import { presentSession, presentUser, sessionTable, userLines, userTable } from './present.js'
import { createUser } from './user-create.js'
import { type Desk, findAccount, withStores } from './with-stores.js'

interface Json {
  json?: true
}

/** What admins do, done by whoever has the shell. */
const administrationOf = ({ stores, emit, origin }: Desk) => ({
  administration: createAdministration({ ...stores, emit }),
  actor: { origin, reason: 'command_line' },
})

const show = (who: string, { json }: Json) =>
  withStores(async (desk) => {
    const account = await findAccount(desk, who)
    const sessions = await desk.stores.sessions.list(account.userId)
    const user = presentUser(account)
    if (json) print(JSON.stringify({ user, sessions: sessions.length }))
    else print(`${userLines(user)}\n${'sessions'.padEnd(14)}${sessions.length}`)
  })

interface ListOptions extends Json {
  limit: number
  cursor?: string
  search?: string
  role?: Role
  active?: true
  inactive?: true
}

const list = ({ json, active, inactive, ...query }: ListOptions) =>
  withStores(async ({ stores }) => {
    const isActive = active ? true : inactive ? false : undefined
    const found = await stores.accounts.list({
      ...query,
      ...(isActive !== undefined && { isActive }),
    })
    const { accounts, nextCursor } = found
    const users = accounts.map(presentUser)
    if (json) print(JSON.stringify({ users, nextCursor: nextCursor ?? null }))
    else {
      print(userTable(users))
      if (nextCursor !== undefined) print(`More: --cursor ${nextCursor}`)
    }
  })

/** A command that changes one account and then says how it is. */
const changing =
  (change: (desk: ReturnType<typeof administrationOf>, userId: string, value: string) => unknown) =>
  (who: string, ...rest: unknown[]) =>
    withStores(async (desk) => {
      const { userId } = await findAccount(desk, who)
      const [value] = rest
      await change(administrationOf(desk), userId, String(value))
      const user = presentUser(await findAccount(desk, userId))
      // Commander passes the options before itself.
      const { json } = rest.at(-2) as Json
      print(json ? JSON.stringify({ user }) : userLines(user))
    })

const remove = async (who: string, { yes, json }: Json & { yes?: true }) => {
  await confirm(`This deletes ${JSON.stringify(who)} for good`, yes)
  await withStores(async (desk) => {
    const { userId } = await findAccount(desk, who)
    const { administration, actor } = administrationOf(desk)
    await administration.remove(userId, actor)
    print(json ? JSON.stringify({ deleted: userId }) : `${userId} deleted`)
  })
}

const sessions = (who: string, { end, json }: Json & { end?: true }) =>
  withStores(async (desk) => {
    const { userId } = await findAccount(desk, who)
    if (end) {
      const { administration, actor } = administrationOf(desk)
      const revoked = await administration.endSessions(userId, actor)
      print(json ? JSON.stringify({ revoked }) : `${revoked} sessions ended`)
      return
    }
    const found = (await desk.stores.sessions.list(userId)).map(presentSession)
    print(json ? JSON.stringify({ sessions: found }) : sessionTable(found))
  })

const limit = (text: string): number => {
  if (/^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= 1000) return Number(text)
  throw new InvalidArgumentError('It is a number from 1 to 1000.')
}

/** Adds the commands on one account, and the list of all. */
export const addUserCommands = (program: Command): void => {
  const user = program.command('user').description('make, show and change accounts')
  const command = (name: string, description: string, example: string) =>
    user
      .command(name)
      .description(description)
      .option('--json', 'print JSON')
      .addHelpText('after', `\nExample:\n  gatehouse user ${example}`)
  const about = (name: string, description: string, rest = '') =>
    command(name, description, `${name} ada@example.com${rest}`).argument(
      '<user>',
      'the email, or the id',
    )

  command('create', 'make an account', 'create ada@example.com --name Ada --role admin --generate')
    .argument('<email>')
    .option('--name <name>', 'the name; unless given, the first part of the email')
    .addOption(new Option('--role <role>', 'the role').choices(roles).default('user'))
    .option('--verified', 'the email counts as verified')
    .option('--password-file <file>', 'read the password from this file')
    .option('--generate', 'make a random password, and print it')
    .option('--invite', 'mail a link with which the owner chooses a password')
    .option('--no-password', 'without a password: nobody can sign in until it is reset')
    .addHelpText(
      'after',
      '\nUnless an option says otherwise, the password is read from the terminal or the\nstandard input. It is never an argument: others on the machine can see those.',
    )
    .action(createUser)
  about('show', 'show an account').action(show)
  command('list', 'list accounts, the newest first', 'list --role admin --json')
    .option('--limit <number>', 'how many', limit, 50)
    .option('--cursor <cursor>', 'go on where the last list ended')
    .option('--search <text>', 'whose email or name begins so')
    .addOption(new Option('--role <role>', 'of this role').choices(roles))
    .addOption(new Option('--active', 'the active ones').conflicts('inactive'))
    .option('--inactive', 'the deactivated ones')
    .action(list)
  about('role', 'give an account another role', ' admin')
    .addArgument(new Argument('<role>').choices(roles))
    .action(
      changing(({ administration, actor }, userId, role) =>
        administration.change(userId, { role: role as Role }, actor),
      ),
    )
  about('deactivate', 'sign an account out and let it in no more').action(
    changing(({ administration, actor }, userId) =>
      administration.change(userId, { isActive: false }, actor),
    ),
  )
  about('activate', 'let a deactivated account in again').action(
    changing(({ administration, actor }, userId) =>
      administration.change(userId, { isActive: true }, actor),
    ),
  )
  about('unlock', 'forget the failed sign-ins of an account').action(
    changing(({ administration, actor }, userId) => administration.unlock(userId, actor)),
  )
  about('sessions', 'list the sessions of an account', ' --end')
    .option('--end', 'end all of them')
    .action(sessions)
  about('delete', 'delete an account for good').option('--yes', 'do not ask').action(remove)
}
