import { Type } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'

/** What a store tells of its own format. */
export interface StoreFormat {
  /** Rises with a change that a release which does not know of it could not live with. */
  version: number
  /** The oldest version of whose releases instances may work with the store all the same. */
  worksFrom: number
}

/** What a release writes, and the oldest version that it can take over. */
export interface ReleaseFormat extends StoreFormat {
  readsFrom: number
}

/** The format of this release. docs/upgrades.md says when which of the numbers rises. */
export const releaseFormat: ReleaseFormat = { version: 1, worksFrom: 1, readsFrom: 1 }

/** Thrown, or told, when a store is of a format that this release must not touch. */
export class StoreIncompatible extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'StoreIncompatible'
  }
}

// Members that a later release adds are none of our business.
const isFormat = TypeCompiler.Compile(
  Type.Object({ version: Type.Integer({ minimum: 0 }), worksFrom: Type.Integer({ minimum: 0 }) }),
)

/**
 * What becomes of a store's format, when an instance of a release comes to it: what has to be written there,
 * if anything. Throws `StoreIncompatible` where the instance must not go on.
 */
export const settleFormat = (
  stored: unknown,
  { version, worksFrom, readsFrom }: ReleaseFormat,
): StoreFormat | 'as it is' => {
  if (stored === undefined) return { version, worksFrom }
  if (!isFormat.Check(stored)) {
    throw new StoreIncompatible('The store has a format that this release does not know: update it')
  }
  if (stored.version > version && stored.worksFrom > version) {
    throw new StoreIncompatible(
      `The store has format ${stored.version}, this release only format ${version}: update it`,
    )
  }
  if (stored.version < readsFrom) {
    throw new StoreIncompatible(
      `The store has format ${stored.version}, and this release takes over from format ${readsFrom} on: run a release in between first`,
    )
  }
  return stored.version < version ? { version, worksFrom } : 'as it is'
}
