import { scrypt, timingSafeEqual } from 'node:crypto'
import { decodeBase64 } from './phc-base64.js'
import type { ReadHash } from './read-hash.js'

/** As for argon2: what any system makes by default passes, and the worst case is 256 MiB and about a second. */
const memoryMax = 256 * 1024 * 1024
const workMax = 2 * memoryMax
const blockSizeMax = 64
const parallelismMax = 16

const pattern =
  /^\$scrypt\$ln=([1-9]\d?),r=([1-9]\d{0,2}),p=([1-9]\d{0,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

/** Reads a PHC string of scrypt (RFC 7914), such as passlib writes. */
export const readScryptString = (text: string): ReadHash => {
  const [, exponent, blockSize, lanes, saltText, hashText] = pattern.exec(text) ?? []
  const salt = decodeBase64(saltText)
  const expected = decodeBase64(hashText)
  if (salt === undefined || expected === undefined) return { problem: 'is not a scrypt string' }
  const N = 2 ** Number(exponent)
  const r = Number(blockSize)
  const p = Number(lanes)
  // RFC 7914, 2: OpenSSL throws past it.
  if (Number(exponent) >= 16 * r) return { problem: 'has more rounds than its block size allows' }
  const memory = 128 * r * N
  if (memory > memoryMax || memory * p > workMax || r > blockSizeMax || p > parallelismMax) {
    return { problem: 'costs more than a sign-in may: 256 MiB, and twice that over all lanes' }
  }
  // Node refuses what is not well below its bound of memory.
  const options = { N, r, p, maxmem: 2 * memoryMax }
  const check = (password: string) =>
    new Promise<boolean>((resolve, reject) => {
      scrypt(password, salt, expected.length, options, (error, hash) => {
        if (error) reject(error)
        else resolve(timingSafeEqual(hash, expected))
      })
    })
  return { check }
}
