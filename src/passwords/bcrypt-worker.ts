import { timingSafeEqual } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { hashSync } from 'bcryptjs'

/** Version, cost and salt of a bcrypt string; the digest follows. */
const saltEnd = 29

/** Compares the digests alone: some systems leave bits of the salt set that others write as zero. */
const matches = (password: string, stored: string): boolean => {
  const digest = hashSync(password, stored.slice(0, saltEnd)).slice(saltEnd)
  return timingSafeEqual(Buffer.from(digest), Buffer.from(stored.slice(saltEnd)))
}

// Absent where this is not loaded as a worker.
if (parentPort) {
  const { password, stored } = workerData as { password: string; stored: string }
  parentPort.postMessage(matches(password, stored))
}
