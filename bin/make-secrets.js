/**
 * Makes the secrets of a deployment in the folder that is named, each in a file of its own, for the
 * variables that end in `_FILE`. What is there already stays as it is, so that it may run at every start.
 */
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [folder, redisHost = 'redis:6379'] = process.argv.slice(2)
if (folder === undefined)
  throw new Error('Usage: node bin/make-secrets.js FOLDER [REDIS_HOST:PORT]')

const random = () => randomBytes(48).toString('base64url')

/** @param {string} name @param {string} content @param {number} mode */
const write = (name, content, mode = 0o600) => {
  const file = join(folder, name)
  if (existsSync(file)) return
  writeFileSync(file, `${content}\n`, { mode, flag: 'wx' })
  console.log(`made ${file}`)
}

for (const name of ['jwt_secret', 'jwt_refresh_secret', 'monitoring_token']) write(name, random())

// Redis reads the user as another user does, so the password itself is not in that file.
write('redis_url', `redis://gatehouse:${random()}@${redisHost}`)
const { password } = new URL(readFileSync(join(folder, 'redis_url'), 'utf8').trim())
const hash = createHash('sha256').update(password).digest('hex')
const users = [
  'user default reset on nopass +ping',
  `user gatehouse reset on #${hash} ~gh:* &gh:* +@all -@admin -@dangerous +info`,
]
write('users.acl', users.join('\n'), 0o644)
