/** The part that we use; the package ships no types. */
declare module 'fs-native-extensions' {
  /** Takes an exclusive lock on the whole file; false when another process has it. */
  export function tryLock(fd: number): boolean
}
