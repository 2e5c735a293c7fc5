import type { Account, Role } from '../accounts/account.js'
import { createFieldCheck, emailRule, nameRule } from '../accounts/rules.js'
import type { Config } from '../config/schema.js'
import { UserExists, ValidationFailed } from '../errors.js'
import { randomId } from '../ids.js'
import { loadCommonPasswords } from '../passwords/common.js'
import { createHasher } from '../passwords/hasher.js'
import { passwordProblems } from '../passwords/policy.js'
import { CommandFailure, exitCodes } from './failure.js'
import { print } from './output.js'
import { randomPassword, readPassword } from './password-input.js'
import { presentUser, userLines } from './present.js'
import { withStores } from './with-stores.js'

export interface CreateOptions {
  name?: string
  role: Role
  verified?: true
  passwordFile?: string
  generate?: true
  invite?: true
  /** False by `--no-password`. */
  password: boolean
  json?: true
}

const hashOf = (password: string, config: Config): Promise<string> =>
  createHasher({
    memoryKib: config.ARGON2_MEMORY_KIB,
    timeCost: config.ARGON2_TIME_COST,
    parallelism: config.ARGON2_PARALLELISM,
    pepper: config.PASSWORD_PEPPER,
    concurrency: 1,
    queueMax: 0,
  }).hash(password)

/** The password of a new account; undefined: it shall have none. */
const choosePassword = async (options: CreateOptions): Promise<string | undefined> => {
  const { passwordFile, generate, invite, password } = options
  if ([passwordFile !== undefined, generate, invite, !password].filter(Boolean).length > 1) {
    const message =
      'Only one of --password-file, --generate, --invite and --no-password can be meant'
    throw new CommandFailure(exitCodes.usage, message)
  }
  if (invite || !password) return undefined
  return generate ? randomPassword() : readPassword(passwordFile)
}

/** `user create`: makes an account by the rules that hold for all. */
export const createUser = (address: string, options: CreateOptions): Promise<void> =>
  withStores(async ({ config, stores, emit, origin }) => {
    if (options.invite && config.SMTP_URL === undefined && config.NODE_ENV === 'production') {
      throw new CommandFailure(exitCodes.configuration, '--invite needs SMTP_URL')
    }
    const check = createFieldCheck()
    const email = check.take('email', emailRule(address))
    const [local = ''] = email.split('@')
    // A first part of one letter is no name, but no reason to refuse the email either.
    const name = check.take('name', nameRule(options.name ?? local.padEnd(2, '_').slice(0, 50)))
    if (check.errors.length > 0) throw new ValidationFailed(check.errors)
    const password = await choosePassword(options)
    if (password !== undefined) {
      const policy = { minLength: config.PASSWORD_MIN_LENGTH, isCommon: loadCommonPasswords() }
      check.note('password', passwordProblems(password, { email, name }, policy))
      if (check.errors.length > 0) throw new ValidationFailed(check.errors)
    }

    const account: Account = {
      userId: randomId(),
      email,
      name,
      role: options.role,
      emailVerified: options.verified === true,
      isActive: true,
      passwordHash: password === undefined ? '' : await hashOf(password, config),
      passwordVersion: 1,
      createdAt: Date.now(),
      lastLoginAt: 0,
    }
    if ((await stores.accounts.create(account)) !== 'created') throw new UserExists()
    if (options.invite) {
      // Past every bound of the queue, which are there for floods. The next free instance sends it.
      const mail = { kind: 'reset-password', userId: account.userId, email, origin } as const
      await stores.mails.add(randomId(), mail, Number.MAX_SAFE_INTEGER)
    }
    emit('user.registered', origin, { userId: account.userId, reason: 'command_line' })
    const user = presentUser(account)
    const shown = options.generate && password !== undefined ? { password } : {}
    if (options.json) print(JSON.stringify({ user, ...shown }))
    else
      print(
        [userLines(user), ...Object.values(shown).map((it) => `password      ${it}`)].join('\n'),
      )
  })
