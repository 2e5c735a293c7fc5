/** What every server here answers: as much as Gatehouse tells of who is signed in. */
export const answer = {
  success: true,
  message: 'Signed in',
  data: {
    user: {
      userId: 'b3J5cHRlcnVzMTIzNDU2Nw',
      email: 'user-0000000@example.com',
      name: 'Ada Lovelace',
      role: 'user',
      emailVerified: false,
      createdAt: '2026-11-25T12:00:00.000Z',
      lastLoginAt: '2026-11-25T12:00:00.000Z',
    },
    session: {
      sessionId: '019abcde-f012-7345-8678-9abcdef01234',
      createdAt: '2026-11-25T12:00:00.000Z',
      expiresAt: '2026-12-02T12:00:00.000Z',
      accessExpiresAt: '2026-11-25T12:15:00.000Z',
    },
  },
}

const text = { type: 'string' }
const texts = (...names) => ({
  type: 'object',
  properties: Object.fromEntries(names.map((name) => [name, text])),
})

/** Its schema, which Fastify's servers serialise it by. */
export const response = {
  200: {
    type: 'object',
    properties: {
      success: { type: 'boolean' },
      message: text,
      data: {
        type: 'object',
        properties: {
          user: {
            type: 'object',
            properties: {
              ...texts('userId', 'email', 'name', 'role', 'createdAt', 'lastLoginAt').properties,
              emailVerified: { type: 'boolean' },
            },
          },
          session: texts('sessionId', 'createdAt', 'expiresAt', 'accessExpiresAt'),
        },
      },
    },
  },
}
