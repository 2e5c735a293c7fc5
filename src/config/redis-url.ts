/** What `REDIS_URL` names: one server, the seeds of a cluster, or the sentinels of a named master. */
export type RedisEndpoints =
  | { mode: 'standalone'; url: string }
  | { mode: 'cluster'; urls: string[] }
  | {
      mode: 'sentinel'
      sentinels: { host: string; port: number }[]
      name: string
      /** For the master itself, percent-decoded. */
      username?: string
      password?: string
    }

const SENTINEL_PORT = 26379

const decode = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** One server; a path is the number of a database. */
function isServer(text: string, databases: RegExp): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, pathname, username, password } = new URL(text)
  return (
    /^rediss?:$/.test(protocol) &&
    hostname !== '' &&
    databases.test(pathname) &&
    decode(username) !== undefined &&
    decode(password) !== undefined
  )
}

function sentinel(host: string): { host: string; port: number } | undefined {
  if (!URL.canParse(`redis://${host}`)) return undefined
  const { hostname, port, pathname } = new URL(`redis://${host}`)
  if (hostname === '' || pathname !== '') return undefined
  // Brackets are the URL's way to write an IPv6 address; a socket wants it without.
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || SENTINEL_PORT }
}

function sentinels(text: string): RedisEndpoints | undefined {
  const form = /^redis\+sentinel:\/\/(?:([^@/]*)@)?([^@/]+)\/([\w.-]+)$/
  const [, credentials = '', hosts, name] = form.exec(text) ?? []
  if (hosts === undefined || name === undefined) return undefined
  const found = hosts.split(',').map(sentinel)
  const colon = credentials.indexOf(':')
  const username = decode(colon < 0 ? credentials : credentials.slice(0, colon))
  const password = decode(colon < 0 ? '' : credentials.slice(colon + 1))
  if (username === undefined || password === undefined) return undefined
  const known = found.filter((host) => host !== undefined)
  if (known.length < found.length) return undefined
  return {
    mode: 'sentinel',
    sentinels: known,
    name,
    ...(username !== '' && { username }),
    ...(password !== '' && { password }),
  }
}

/** Reads `REDIS_URL`; undefined where it has none of the three forms. */
export function redisEndpoints(text: string): RedisEndpoints | undefined {
  if (text.startsWith('redis+sentinel:')) return sentinels(text)
  // A comma may stand in a password; only one before a scheme parts two servers.
  const urls = text.split(/,\s*(?=rediss?:\/\/)/)
  if (urls.length === 1) {
    return isServer(text, /^\/?\d*$/) ? { mode: 'standalone', url: text } : undefined
  }
  // Redis Cluster has one database (redis.io, cluster specification).
  return urls.every((url) => isServer(url, /^\/?0?$/)) ? { mode: 'cluster', urls } : undefined
}
