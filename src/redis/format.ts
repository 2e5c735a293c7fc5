import { type ReleaseFormat, StoreIncompatible, settleFormat } from '../store-format.js'
import { type Client, command, script } from './script.js'

/** How soon a store that could not answer is asked again, in milliseconds. */
const retryAfter = 500

const parse = (text: string | null): unknown => {
  if (text === null) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/**
 * Sees that the store is of a format that this release may work with, and notes that it does. To be called
 * whenever the store is connected: it may be another one then, or restored from a backup. `refused` is called
 * at most once; an `observer` writes nothing.
 */
export const createFormatCheck = (
  client: Client,
  key: string,
  { format, observer = false }: { format: ReleaseFormat; observer?: boolean | undefined },
  refused: (error: StoreIncompatible) => void,
) => {
  const claimFormat = script<'written' | 'changed'>(client, 'claim-format')
  let isOver = false
  let retry: NodeJS.Timeout | undefined

  const settle = async (): Promise<void> => {
    for (;;) {
      const text = await command(client.get(key))
      const settled = settleFormat(parse(text), format)
      if (settled === 'as it is' || observer) return
      // Of two that come at once, the later looks again: it may be the older release.
      if ((await claimFormat([key], [text ?? '', JSON.stringify(settled)])) === 'written') return
    }
  }

  const check = async (): Promise<void> => {
    clearTimeout(retry)
    if (isOver) return
    try {
      await settle()
    } catch (error) {
      if (isOver) return
      if (error instanceof StoreIncompatible) {
        isOver = true
        refused(error)
        return
      }
      retry = setTimeout(check, retryAfter)
      retry.unref()
    }
  }

  return {
    check,
    close: () => {
      isOver = true
      clearTimeout(retry)
    },
  }
}
