import type { Device, Session } from '../sessions/session.js'

/**
 * Where a session comes from, as one text, which the scripts cut into pieces. Neither part has line breaks:
 * what a client says of itself comes without control characters.
 */
export const writeDevice = ({ ip, userAgent }: Device): string => `${ip}\n${userAgent}`

/**
 * Reads a session back from its record and its device. The record is a line of numbers, as
 * `lua/start-session.lua` writes it: Redis keeps a hash in one piece, at half the memory, only while each of
 * its values has at most 64 bytes (`hash-max-listpack-value`).
 */
export const readSession = (sid: string, record: string, device: string): Session => {
  // Only our own scripts write it.
  const [created, rotated, generation, idle, life] = record.split(' ', 5).map(Number) as Numbers
  const cut = device.indexOf('\n')
  return {
    sid,
    createdAt: created,
    rotatedAt: created + rotated,
    generation,
    expiresAt: created + rotated + idle,
    endsAt: created + life,
    ip: device.slice(0, cut),
    userAgent: device.slice(cut + 1),
  }
}

type Numbers = [created: number, rotated: number, generation: number, idle: number, life: number]
