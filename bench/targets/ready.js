/** Tells the runner that this server listens, and what a signed-in browser would send to it. */
export const ready = (cookie = '') => process.stdout.write(`${JSON.stringify({ cookie })}\n`)

export const host = '127.0.0.1'
export const port = Number(process.env.PORT)
export const secret = 'kq8Zt2vYx1Lr0pWm5Nc7Bh4Jd9Fg3Sa6'
export const claims = { sub: 'b3J5cHRlcnVzMTIzNDU2Nw', role: 'user' }
