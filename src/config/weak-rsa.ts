import type { KeyObject } from 'node:crypto'

/**
 * Modulo each of these a modulus that a flawed chip has made (ROCA, CVE-2017-15361) is a power of 65537; one
 * in 2^27 of all others is too. Such a key can be factored by whoever has its public half.
 */
const primes = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101,
  103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
].map(BigInt)

const isPowerOf65537 = (value: bigint, prime: bigint): boolean => {
  let power = 1n
  do {
    if (power === value) return true
    power = (power * 65_537n) % prime
  } while (power !== 1n)
  return false
}

/** Whether an RSA key is of a kind that protects nothing: an exponent of 1, or a modulus of the flawed chip. */
export const isWeakRsa = (key: KeyObject): boolean => {
  const { publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  if (publicExponent < 3n) return true
  const { n = '' } = key.export({ format: 'jwk' })
  const modulus = BigInt(`0x${Buffer.from(n, 'base64url').toString('hex')}`)
  return primes.every((prime) => isPowerOf65537(modulus % prime, prime))
}
