import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { Argument, type Command } from 'commander'
import { pairKey, type SignatureAlgorithm } from '../tokens/keys.js'
import { print } from './output.js'

/** Enough for each HS algorithm: RFC 7518, 3.2 wants as many bytes as the hash has. */
const secretBytes = 64

const generate = {
  EdDSA: () => generateKeyPairSync('ed25519'),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 3072 }),
} satisfies Record<SignatureAlgorithm, unknown>

/** The form that survives a .env file, an env_file of Docker and a ConfigMap alike: one line, no quotes. */
const oneLine = (pem: string): string => pem.trim().replaceAll('\n', '\\n')

const newSecret = (): string => randomBytes(secretBytes).toString('base64url')

const newSecrets = () => ({ JWT_SECRET: newSecret(), JWT_REFRESH_SECRET: newSecret() })

const newPair = (algorithm: SignatureAlgorithm) => {
  const { privateKey, publicKey } = generate[algorithm]()
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  return {
    keyId: pairKey(pem).kid,
    JWT_ALGORITHM: algorithm,
    JWT_PRIVATE_KEY: oneLine(pem),
    JWT_PUBLIC_KEYS_PREVIOUS: oneLine(publicPem),
  }
}

const pairLines = (pair: ReturnType<typeof newPair>): string[] => [
  `# ${pair.JWT_ALGORITHM}, key id ${pair.keyId}`,
  `JWT_ALGORITHM=${pair.JWT_ALGORITHM}`,
  `JWT_PRIVATE_KEY=${pair.JWT_PRIVATE_KEY}`,
  '# Its public half, for instances that shall accept it without signing with it:',
  `# JWT_PUBLIC_KEYS_PREVIOUS=${pair.JWT_PUBLIC_KEYS_PREVIOUS}`,
]

const printKeys = (algorithm: SignatureAlgorithm | undefined, { json }: { json?: true }): void => {
  const keys = algorithm === undefined ? newSecrets() : newPair(algorithm)
  if (json) print(JSON.stringify(keys))
  else if ('keyId' in keys) print(pairLines(keys).join('\n'))
  else for (const [name, secret] of Object.entries(keys)) print(`${name}=${secret}`)
}

/** Adds `keys generate`, which needs neither a configuration nor a store. */
export const addKeysCommands = (program: Command): void => {
  program
    .command('keys')
    .description('make signing keys')
    .command('generate')
    .description('print new secrets, or a new key pair, as lines for a .env file')
    .addArgument(
      new Argument('[algorithm]', 'a key pair that signs access tokens').choices(
        Object.keys(generate),
      ),
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Nothing is written anywhere. How to change keys without refusing a request: docs/keys.md

Examples:
  gatehouse keys generate
  gatehouse keys generate EdDSA`,
    )
    .action(printKeys)
}
