/** RFC 7518, 3.2: a key for HS256 has at least as many bits as the hash. */
const MIN_BYTES = 32
/** Random hexadecimal of 32 characters has fewer than 8 different ones once in 10 million times. */
const MIN_DISTINCT = 8
const MIN_UNFORESEEN = 12

/**
 * What people leave standing from an example, or copy from a tutorial; compared without case and
 * separators. Each is long enough not to turn up in a random value.
 */
const placeholders = [
  /change(me|this|it|in|before|the|your)/,
  /replace(me|this|it|in|before|the|with|your)/,
  /your.*(secret|key|token|here|value|password)/,
  /(insert|put|paste|enter|type|goes).*here/,
  /(secret|key|value|token)(goes)?here/,
  /placeholder|example|insecure|notsecure|donotuse|keyboardcat|qwerty|asdfgh|zxcvbn/,
  /(my|super|top|very|some)+secret/,
  // Values that tell their own length: the one on jwt.io, and its many children.
  /(atleast|minimum|longerthan|morethan)(32|48|64|128|256|384|512)/,
  /(256|384|512)bit|(32|48|64)(byte|char)/,
]

/**
 * Counts the characters that do not follow from those before: neither the next of a run (`aaa`, `123`,
 * `cba`) nor part of a sequence of three or more that was there already.
 */
function unforeseen(text: string): number {
  const step = (index: number) => text.charCodeAt(index) - text.charCodeAt(index - 1)
  let count = 0
  let index = 0
  while (index < text.length) {
    let repeated = 0
    while (
      index + repeated < text.length &&
      text.slice(0, index + repeated).includes(text.slice(index, index + repeated + 1))
    ) {
      repeated += 1
    }
    const inRun = index > 1 && Math.abs(step(index)) <= 1 && step(index) === step(index - 1)
    if (repeated < 3 && !inRun) count += 1
    index += repeated < 3 ? 1 : repeated
  }
  return count
}

/**
 * Why a value can't be a signing secret, as the end of a sentence; undefined where it can. Whoever
 * guesses it signs in as anybody, and can try guesses at home against any one token.
 */
export function secretWeakness(secret: string): string | undefined {
  if (Buffer.byteLength(secret) < MIN_BYTES) return `must be at least ${MIN_BYTES} bytes`
  const bare = secret.toLowerCase().replace(/[^a-z0-9]/g, '')
  if (placeholders.some((placeholder) => placeholder.test(bare))) {
    return 'looks like a placeholder, which can be guessed; use a random value'
  }
  const start = secret.slice(0, 4 * MIN_BYTES)
  if (new Set(start).size < MIN_DISTINCT || unforeseen(start) < MIN_UNFORESEEN) {
    return 'is too regular, and can be guessed; use a random value'
  }
  return undefined
}
