import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { pairKey, type SignatureAlgorithm } from './tokens/keys.js'

/** What a command prints, and how it exits: 64 is EX_USAGE of sysexits.h. */
export interface CommandResult {
  exitCode: 0 | 64
  output: string
}

const help = `Prints new signing keys as lines for a .env file.

  npm run keys               new values of JWT_SECRET and JWT_REFRESH_SECRET
  npm run keys -- EdDSA      a new key pair that signs access tokens; also ES256 and RS256

Nothing is written anywhere. How to change keys without refusing a request: docs/keys.md`

/** Enough for each HS algorithm: RFC 7518, 3.2 wants as many bytes as the hash has. */
const secretBytes = 64

const generate = {
  EdDSA: () => generateKeyPairSync('ed25519'),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 3072 }),
} satisfies Record<SignatureAlgorithm, unknown>

const isSignature = (name: string): name is SignatureAlgorithm => Object.hasOwn(generate, name)

/** The form that survives a .env file, an env_file of Docker and a ConfigMap alike: one line, no quotes. */
const oneLine = (pem: string): string => pem.trim().replaceAll('\n', '\\n')

const newSecret = (name: string): string =>
  `${name}=${randomBytes(secretBytes).toString('base64url')}`

const newPair = (algorithm: SignatureAlgorithm): string => {
  const { privateKey, publicKey } = generate[algorithm]()
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  return [
    `# ${algorithm}, key id ${pairKey(pem).kid}`,
    `JWT_ALGORITHM=${algorithm}`,
    `JWT_PRIVATE_KEY=${oneLine(pem)}`,
    '# Its public half, for instances that shall accept it without signing with it:',
    `# JWT_PUBLIC_KEYS_PREVIOUS=${oneLine(publicPem)}`,
  ].join('\n')
}

/** `keys [EdDSA|ES256|RS256]`: makes new secrets or a key pair, and prints them. */
export const keysCommand = (args: readonly string[]): CommandResult => {
  const [first, ...others] = args
  if (args.includes('--help') || args.includes('-h')) return { exitCode: 0, output: help }
  if (first === undefined) {
    const output = [newSecret('JWT_SECRET'), newSecret('JWT_REFRESH_SECRET')].join('\n')
    return { exitCode: 0, output }
  }
  if (others.length > 0 || !isSignature(first)) return { exitCode: 64, output: help }
  return { exitCode: 0, output: newPair(first) }
}
