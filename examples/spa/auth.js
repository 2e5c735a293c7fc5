/**
 * How a single-page application talks to Gatehouse: the part to copy. It depends on nothing.
 *
 * The tokens are in HttpOnly cookies: the browser sends them, and no script, this one included, ever sees
 * one. So there is nothing to store here, and one question only: what does a failure mean?
 */

/**
 * What a failure means for the person:
 * - `refused`: the server said no, and why.
 * - `later`: no verdict. Offline, an outage, an overload or a limit: whoever was signed in still is.
 * - `signed-out`: the session is definitely over.
 * @typedef {'refused' | 'later' | 'signed-out'} Meaning
 *
 * What happened to the session, in this tab or another.
 * @typedef {'signed-in' | 'signed-out' | 'refreshed'} Change
 *
 * @typedef {{ method?: string, body?: object }} RequestOptions
 */

export class AuthError extends Error {
  /** @type {Meaning} */
  meaning
  /** @type {string} The server's, or `UNREACHABLE`. */
  code
  /** @type {{ field: string, message: string }[]} Of a request that is not valid. */
  fields
  /** @type {number | undefined} Seconds to wait, where the server said so. */
  wait

  /**
   * @param {string} message
   * @param {{ meaning: Meaning, code: string, fields?: AuthError['fields'], wait?: number | undefined, cause?: unknown }} details
   */
  constructor(message, { meaning, code, fields = [], wait, cause }) {
    super(message, { cause })
    this.name = 'AuthError'
    this.meaning = meaning
    this.code = code
    this.fields = fields
    this.wait = wait
  }
}

/** Answers on which the refresh token gets a chance; the refresh then gives the verdict. */
const worthRefreshing = new Set(['NO_TOKEN', 'TOKEN_EXPIRED', 'INVALID_TOKEN'])

/** The only answers of a refresh that end a session. */
const endings = new Set([
  'NO_REFRESH_TOKEN',
  'REFRESH_FAILED',
  'INVALID_REFRESH_TOKEN',
  'USER_NOT_FOUND',
])

/** How long an answer may take, in milliseconds: a lost refresh can be repeated for `REFRESH_GRACE` only. */
const patience = 10_000

/** Least time between two refreshes that the server only advised, in milliseconds. */
const adviceInterval = 60_000

/**
 * @param {object} options
 * @param {string} options.apiUrl Where Gatehouse answers.
 * @param {(change: Change, source: 'here' | 'another tab') => void} [options.onChange]
 */
export const createAuth = ({ apiUrl, onChange = () => {} }) => {
  const channel = new BroadcastChannel('gatehouse')
  /** When the cookies were last renewed, by this page's clock. */
  let renewedAt = Number.NEGATIVE_INFINITY
  /** When the latest change known here happened, by the clock of all tabs. */
  let changedAt = 0
  /** @type {Promise<void> | undefined} The refresh under way: one at a time. */
  let refreshing

  /** @param {Change} change @param {number} at @param {'here' | 'another tab'} source */
  const learn = (change, at, source) => {
    changedAt = at
    if (change !== 'signed-out') renewedAt = performance.now()
    onChange(change, source)
  }

  channel.onmessage = ({ data: { change, at } }) => {
    // A message that was overtaken by something newer says nothing any more.
    if (at >= changedAt) learn(change, at, 'another tab')
  }

  /** @param {Change} change */
  const announce = (change) => {
    const at = Date.now()
    channel.postMessage({ change, at })
    learn(change, at, 'here')
  }

  /**
   * Does one thing at a time in all tabs. What changes the cookies goes through here: or else the refusal
   * of a refresh, slow to arrive, could take away the cookies of a sign-in that was quicker. Only secure
   * contexts (https, localhost) have locks; elsewhere each tab does as it likes.
   * @template Result
   * @param {() => Promise<Result>} work
   * @returns {Promise<Result>}
   */
  const inTurn = (work) => navigator.locks?.request('gatehouse', work) ?? work()

  /**
   * One request, one answer. Throws an AuthError.
   * @param {string} path
   * @param {RequestOptions} [options]
   */
  const send = async (path, { method = 'GET', body } = {}) => {
    let response
    let answer
    try {
      response = await fetch(new URL(path, apiUrl), {
        method,
        credentials: 'include',
        headers: {
          Accept: 'application/json',
          ...(body && { 'Content-Type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(patience),
      })
      answer = await response.json()
    } catch (cause) {
      // Offline, too slow, or a proxy's page in place of an answer: nothing was decided.
      const wait = response && secondsToWait(response)
      throw new AuthError('The server can’t be reached.', {
        meaning: 'later',
        code: 'UNREACHABLE',
        wait,
        cause,
      })
    }
    if (!response.ok) throw failure(response, answer)
    if (response.headers.get('X-Token-Refresh-Required') === 'true') refreshAhead()
    return answer
  }

  /** Exchanges the cookies for new ones. */
  const exchange = async () => {
    try {
      await send('/api/auth/refresh', { method: 'POST' })
    } catch (error) {
      if (!(error instanceof AuthError) || !endings.has(error.code)) throw error
      error.meaning = 'signed-out'
      announce('signed-out')
      throw error
    }
    announce('refreshed')
  }

  /**
   * Renews the cookies, unless this was done since, here or in another tab.
   * @param {number} since when the cookies were found to be stale, by this page's clock
   */
  const refresh = (since) => {
    refreshing ??= inTurn(async () => {
      if (renewedAt < since) await exchange()
    }).finally(() => {
      refreshing = undefined
    })
    return refreshing
  }

  /** The server advises to refresh before the access token expires; nobody waits for it. */
  const refreshAhead = () => {
    const now = performance.now()
    if (now - renewedAt < adviceInterval) return
    // It was too early to matter: the next request tells what is wrong.
    refresh(now).catch(() => {})
  }

  /**
   * One request, with a refresh and one repetition where the access token has expired. The repetition is
   * safe for every method: a request that is answered so was not carried out.
   * @param {string} path
   * @param {RequestOptions} [options]
   */
  const request = async (path, options) => {
    const sentAt = performance.now()
    try {
      return await send(path, options)
    } catch (error) {
      if (!(error instanceof AuthError) || !worthRefreshing.has(error.code)) throw error
    }
    await refresh(sentAt)
    return await send(path, options)
  }

  /** @param {string} path @param {object} body */
  const enter = (path, body) =>
    inTurn(async () => {
      const answer = await send(path, { method: 'POST', body })
      // A server that wants the email verified first says so in its message, and signs nobody in.
      if (answer.data?.expiresIn !== undefined) announce('signed-in')
      return answer
    })

  return {
    request,

    /** @param {{ email: string, password: string, name: string }} person */
    signUp: (person) => enter('/api/auth/register', person),

    /** @param {{ email: string, password: string }} credentials */
    signIn: (credentials) => enter('/api/auth/login', credentials),

    /**
     * Deletes the account of whoever is signed in, with all of its sessions.
     * @param {string} password
     */
    deleteAccount: async (password) => {
      await request('/api/profile', { method: 'DELETE', body: { password } })
      announce('signed-out')
    },

    /** Throws where the server could not end the session: the person is not signed out then. */
    signOut: () =>
      inTurn(async () => {
        await send('/api/auth/logout', { method: 'POST' })
        announce('signed-out')
      }),
  }
}

/**
 * @param {Response} response
 * @param {{ code?: string, message?: string, errors?: AuthError['fields'], lockDurationMinutes?: number }} answer
 */
const failure = (response, { code = 'UNKNOWN', message, errors = [], lockDurationMinutes }) => {
  const { status } = response
  const minutes = lockDurationMinutes === undefined ? undefined : lockDurationMinutes * 60
  return new AuthError(message ?? `The server answered ${status}.`, {
    meaning: status === 429 || status >= 500 ? 'later' : 'refused',
    code,
    fields: errors,
    wait: secondsToWait(response) ?? minutes,
  })
}

/** `Retry-After`: seconds, or from some proxies a date. @param {Response} response */
const secondsToWait = ({ headers }) => {
  const value = headers.get('Retry-After')
  if (value === null) return undefined
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1_000
  return Number.isNaN(seconds) ? undefined : Math.max(0, Math.ceil(seconds))
}
