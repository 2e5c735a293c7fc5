/**
 * Express with jsonwebtoken and bcryptjs, as courses teach it: the secret is a string, the middleware verifies
 * the token, the handler answers. With `KEY_OBJECT` the secret is made a key once.
 */
import { createSecretKey } from 'node:crypto'
import bcrypt from 'bcryptjs'
import express from 'express'
import jwt from 'jsonwebtoken'
import { answer } from './answer.js'
import { claims, host, port, ready, secret } from './ready.js'

const key = process.env.KEY_OBJECT ? createSecretKey(Buffer.from(secret)) : secret
const sign = () => jwt.sign(claims, key, { expiresIn: '1h' })
const users = new Map([['user@example.com', await bcrypt.hash('Glass-Onion-31', 12)]])

const authenticate = (request, response, next) => {
  const token = /access_token=([^;]+)/.exec(request.headers.cookie ?? '')?.[1]
  try {
    request.user = jwt.verify(token, key)
  } catch {
    return response.status(401).json({ message: 'Invalid token' })
  }
  next()
}

const app = express()
app.use(express.json())
app.get('/session', authenticate, (_request, response) => {
  response.json(answer)
})
app.post('/login', async (request, response) => {
  const { email, password } = request.body
  const hash = users.get(email)
  if (hash === undefined || !(await bcrypt.compare(password, hash))) {
    return response.status(401).json({ message: 'Invalid credentials' })
  }
  response.cookie('access_token', sign(), { httpOnly: true }).json(answer)
})
app.listen(port, host, () => ready(`access_token=${sign()}`))
