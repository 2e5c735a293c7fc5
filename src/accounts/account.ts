/** The roles, from least to most. */
export const roles = ['user', 'admin'] as const
export type Role = (typeof roles)[number]

/** A person's record as the store keeps it. Times are milliseconds since 1970. */
export interface Account {
  userId: string
  /** Normalised: trimmed, lower case, NFC. */
  email: string
  name: string
  role: Role
  emailVerified: boolean
  isActive: boolean
  /** PHC string. Never leaves the accounts and passwords rooms. */
  passwordHash: string
  /** Counts changes of the password: a sign-in that checked an older one starts no session. */
  passwordVersion: number
  createdAt: number
  /** 0 before the first sign-in. */
  lastLoginAt: number
}

/** What is shown of an account: everything but its secrets. */
export type PublicAccount = Omit<Account, 'passwordHash' | 'passwordVersion'>

/** Whether this is one of those of whom the last stays. */
export const isActiveAdmin = (account: Pick<Account, 'role' | 'isActive'>): boolean =>
  account.role === 'admin' && account.isActive
