import { createHash, createHmac, hkdfSync } from 'node:crypto'

const form = /^([\w-]{1,64})\.([\w-]{43})$/

const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url')

/**
 * The tokens of links in mails, of 256 bits. They are derived, from what names the mail, when it is sent:
 * so no queue holds one, a mail that is sent again bears the same one, and a copy of the store, which keeps
 * hashes, gives nobody any.
 */
export const createOneTimeTokens = (secret: string) => {
  // A key of its own: nothing signed here means anything elsewhere, and the other way round.
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'gatehouse one-time token', 32))

  return {
    /** The token for a purpose, an email of an account and one mail. */
    derive: (userId: string, ...name: [purpose: string, email: string, mailId: string]) => {
      const text = JSON.stringify([userId, ...name])
      const proof = createHmac('sha256', key).update(text).digest('base64url')
      const token = `${userId}.${proof}`
      return { token, hash: hashOf(token) }
    },
    /** Whose token this says it is, and its hash; undefined for what is none. */
    read: (token: string): { userId: string; hash: string } | undefined => {
      const userId = form.exec(token)?.[1]
      return userId === undefined ? undefined : { userId, hash: hashOf(token) }
    },
  }
}

export type OneTimeTokens = ReturnType<typeof createOneTimeTokens>
