/** One line of a file, by number from 1; undefined where it is too long or not UTF-8. */
export interface Line {
  number: number
  text: string | undefined
  /** Bytes of the file up to its end. */
  end: number
}

/** No line that can be an account is longer, in bytes. */
export const lineMax = 65_536

const newline = 0x0a

/** The lines of a file as they come; of a file without line ends no more than one line's worth is kept. */
export async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let parts: Buffer[] = []
  let length = 0
  let number = 0
  let end = 0

  const finish = (): Line => {
    const bytes = Buffer.concat(parts)
    const isTooLong = length > lineMax
    parts = []
    length = 0
    number += 1
    if (isTooLong) return { number, text: undefined, end }
    try {
      return { number, text: decoder.decode(bytes).trim(), end }
    } catch {
      return { number, text: undefined, end }
    }
  }

  for await (const chunk of chunks) {
    let from = 0
    while (from < chunk.length) {
      const at = chunk.indexOf(newline, from)
      const to = at < 0 ? chunk.length : at
      length += to - from
      if (length <= lineMax) parts.push(chunk.subarray(from, to))
      else parts = []
      end += (at < 0 ? to : to + 1) - from
      from = to + 1
      if (at >= 0) yield finish()
    }
  }
  if (length > 0) yield finish()
}
