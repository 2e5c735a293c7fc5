import { origin } from './processes.js'

/** What Chromium sends with a request of a page to its API on another origin of the same site. */
export const browser = {
  Host: 'auth.example.com',
  Connection: 'keep-alive',
  'sec-ch-ua': '"Chromium";v="142", "Not?A_Brand";v="99"',
  'sec-ch-ua-mobile': '?0',
  'sec-ch-ua-platform': '"Linux"',
  'User-Agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  Accept: 'application/json',
  Origin: origin,
  'Sec-Fetch-Site': 'same-site',
  'Sec-Fetch-Mode': 'cors',
  'Sec-Fetch-Dest': 'empty',
  Referer: `${origin}/`,
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  'Accept-Language': 'en-GB,en;q=0.9,de;q=0.8',
}

/** The text of one request as a browser sends it. */
export const requestOf = (method, path, { headers = {}, body } = {}) => {
  const payload = body === undefined ? undefined : JSON.stringify(body)
  const lines = Object.entries({
    ...browser,
    ...headers,
    ...(payload !== undefined && {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(payload),
    }),
  }).map(([name, value]) => `${name}: ${value}`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${payload ?? ''}`
}

export const cookies = { access: '__Host-access_token', refresh: '__Secure-refresh_token' }
export const withCookie = (value) => ({ Cookie: value })
