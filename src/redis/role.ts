import type { Master } from './connection.js'
import { command } from './script.js'

/** What the servers that are written to say they are: `master`, unless a switch is under way. */
export const serversRole = async (masters: Master[]): Promise<string | null> => {
  const connections = masters.flatMap((master) => master.connection() ?? [])
  const infos = await Promise.all(connections.map((one) => command(one.info('replication'))))
  const roles = infos.map((info) => /role:(\w+)/.exec(info)?.[1] ?? 'unknown')
  return roles.find((role) => role !== 'master') ?? roles[0] ?? null
}
