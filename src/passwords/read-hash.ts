/** Tells whether a password is the one that a hash was made of. */
export type HashCheck = (password: string) => Promise<boolean>

/** A hash that can be checked, or why it can't be, for the person who has to find another. */
export type ReadHash = { check: HashCheck } | { problem: string }
