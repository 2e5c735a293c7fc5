/**
 * One signed-in device, as the store keeps it. Its refresh tokens are not stored: the generation names the
 * present one, and signing the same claims again gives the same bytes. Times are milliseconds since 1970
 * by the store's clock.
 */
export interface Session {
  sid: string
  createdAt: number
  /** When the present refresh token was issued: at sign-in, then at every rotation. */
  rotatedAt: number
  /** Counts rotations: the present refresh token bears this number, the previous one the number before. */
  generation: number
  /** The idle end: the present refresh token's expiry, never past `endsAt`. */
  expiresAt: number
  /** The absolute end, fixed at sign-in. */
  endsAt: number
  ip: string
  userAgent: string
}

/** How long sessions live, in milliseconds. */
export interface SessionLifetimes {
  /** The idle life: a session not refreshed for so long ends (`JWT_REFRESH_EXPIRES_IN`). */
  idle: number
  /** The absolute life, however often refreshed (`SESSION_MAX_AGE`). */
  absolute: number
  /** How long after a rotation the previous refresh token still gets the same successor (`REFRESH_GRACE`). */
  grace: number
}

/** Where a request comes from, as shown in the list of one's sessions. */
export interface Device {
  ip: string
  userAgent: string
}
