import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { findRedisServer } from '../../test/support/programs.js'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

const versionOf = (name) =>
  JSON.parse(readFileSync(here(`../node_modules/${name}/package.json`), 'utf8')).version

const peers = [
  'fastify',
  'express',
  'jsonwebtoken',
  'bcryptjs',
  'better-auth',
  'supertokens-node',
  '@fastify/jwt',
  '@fastify/helmet',
  '@fastify/rate-limit',
  'ioredis',
  '@node-rs/argon2',
]

/** What it is measured on, and against which versions, in two sentences. */
export const machine = () => {
  const [{ model }] = cpus()
  const redis = /v=(\S+)/.exec(execFileSync(findRedisServer(), ['--version'], { encoding: 'utf8' }))
  return [
    `Measured on ${cpus().length} cores of ${model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}, Node.js ${process.versions.node}, Redis ${redis?.[1]}, all on one machine.`,
    `Versions: ${peers.map((name) => `${name} ${versionOf(name)}`).join(', ')}.`,
  ].join(' ')
}

/** The commit of Gatehouse that is measured. */
export const commit = () =>
  execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', cwd: here('.') }).trim()
