import type { Keys } from './keys.js'
import { type Client, command, script } from './script.js'

/** How long an email stays claimed by an operation that was cut short. */
export const claimMs = 10_000

type Claim = ['claimed'] | ['pending'] | ['held', string]

/**
 * Which account has which email. An entry is only a hint: it counts while the account that it leads to is
 * there and bears that email, and another account may take the place of one that does not.
 */
export const createEmailIndex = (client: Client, keys: Keys) => {
  const claimEmail = script<Claim>(client, 'claim-email')
  const confirmEmail = script<'confirmed' | 'lost'>(client, 'confirm-email')
  const bearsEmail = script<'borne' | 'free'>(client, 'bears-email')
  const releaseEmail = script<'released' | 'lost'>(client, 'release-email')

  /** Claims an email for an account, for as long as a claim lives. */
  const claim = async (email: string, userId: string): Promise<'claimed' | 'email_taken'> => {
    const key = keys.email(email)
    const [outcome, holder] = await claimEmail([key], [userId, claimMs, ''])
    if (outcome === 'claimed') return 'claimed'
    if (outcome === 'pending') return 'email_taken'
    // Also a draft bears it: its creation may be about to keep it.
    if ((await bearsEmail([keys.account(holder)], [email])) === 'borne') return 'email_taken'
    const [second] = await claimEmail([key], [userId, claimMs, holder])
    return second === 'claimed' ? 'claimed' : 'email_taken'
  }

  /** Makes a claim last, if it is still this account's. */
  const confirm = (email: string, userId: string) => confirmEmail([keys.email(email)], [userId])

  return {
    claim,
    confirm,

    /** The id of the account that is said to have this email. */
    holder: async (email: string): Promise<string | undefined> =>
      (await command(client.get(keys.email(email)))) ?? undefined,

    /**
     * Has the email lead to an account that is marked as about to bear it, for good: others leave it alone
     * while the mark holds.
     */
    obtain: async (email: string, userId: string): Promise<'obtained' | 'email_taken'> => {
      const holder = await command(client.get(keys.email(email)))
      // It may be its own already: of a call that was cut short, or of one at the same time.
      if (holder !== userId && (await claim(email, userId)) === 'email_taken') return 'email_taken'
      return (await confirm(email, userId)) === 'confirmed' ? 'obtained' : 'email_taken'
    },

    /** Lets go of an email, if it is still this account's. */
    release: (email: string, userId: string) => releaseEmail([keys.email(email)], [userId]),
  }
}
