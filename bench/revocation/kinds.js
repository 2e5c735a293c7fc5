import { administer, expect, here, mailed, send, signUp } from './pair.js'

/** Of one's own; each change of password exchanges them. */
export const passwords = ['Glass-Onion-31', 'Velvet-Hammer-77']

let names = 0

/** Whether an answer says that its session has ended. */
export const refused = ({ status }) => status === 401

/**
 * Each ends a session or changes an account at the one instance, and answers when it was told so; `knows` is
 * whether an answer of the other knows of it.
 */
export const kinds = {
  logout: {
    act: async ({ refreshToken }) =>
      expect(await send(here, 'POST', '/auth/logout', { body: { refreshToken } }), 200),
  },
  'session delete': {
    act: async ({ accessToken: token, sid }) =>
      expect(await send(here, 'DELETE', `/auth/sessions/${sid}`, { token }), 200),
  },
  'logout-all': {
    act: async ({ accessToken: token }) =>
      expect(await send(here, 'POST', '/auth/logout-all', { token }), 200),
  },
  'password change': {
    act: async ({ accessToken: token, person }) => {
      const [currentPassword, newPassword] = passwords
      const body = { currentPassword, newPassword }
      passwords.reverse()
      person.password = newPassword
      return expect(await send(here, 'POST', '/auth/password/change', { token, body }), 200)
    },
  },
  'token reuse': {
    act: async ({ refreshToken }) => {
      const refresh = (token) =>
        send(here, 'POST', '/auth/refresh', { body: { refreshToken: token } })
      const second = expect(await refresh(refreshToken), 200).data.refreshToken
      expect(await refresh(second), 200)
      return expect(await refresh(refreshToken), 403)
    },
  },
  'role change': {
    act: ({ person }) => {
      person.role = person.role === 'admin' ? 'user' : 'admin'
      return administer('PATCH', person, '', { role: person.role })
    },
    knows: ({ status, data }, person) => status === 200 && data.user.role === person.role,
  },
  rename: {
    act: async ({ accessToken: token, person }) => {
      person.name = `Ada ${++names}`
      const body = { name: person.name }
      return expect(await send(here, 'PATCH', '/profile', { token, body }), 200)
    },
    knows: ({ status, data }, person) => status === 200 && data.user.name === person.name,
  },
  'email change': {
    before: async ({ accessToken: token, person }) => {
      person.newEmail = `new-${person.email}`
      const body = { newEmail: person.newEmail, password: person.password }
      expect(await send(here, 'POST', '/auth/email/change', { token, body }), 202)
      person.token = await mailed('/confirm-email', person.newEmail)
    },
    act: async ({ person: { token } }) =>
      expect(await send(here, 'POST', '/auth/email/confirm', { body: { token } }), 200),
    knows: ({ status, data }, person) => status === 200 && data.user.email === person.newEmail,
    // One person may ask for a few only.
    after: async (person) => {
      const email = `ada${++names}@example.com`
      Object.assign(person, await signUp({ email, password: person.password }))
    },
  },
  'password reset': {
    before: async ({ person: { email }, person }) => {
      expect(await send(here, 'POST', '/auth/password/forgot', { body: { email } }), 202)
      person.token = await mailed('/reset-password', email)
    },
    act: async ({ person: { token }, person }) => {
      passwords.reverse()
      const [newPassword] = passwords
      person.password = newPassword
      const body = { token, newPassword }
      return expect(await send(here, 'POST', '/auth/password/reset', { body }), 200)
    },
  },
  deactivation: {
    act: ({ person }) => administer('PATCH', person, '', { isActive: false }),
    after: (person) => administer('PATCH', person, '', { isActive: true }),
  },
  'end by admin': { act: ({ person }) => administer('DELETE', person, '/sessions') },
  'delete by admin': {
    act: ({ person }) => administer('DELETE', person),
    after: async (person) => Object.assign(person, await signUp(person)),
  },
  'delete by owner': {
    act: async ({ accessToken: token, person: { password } }) =>
      expect(await send(here, 'DELETE', '/profile', { token, body: { password } }), 200),
    after: async (person) => Object.assign(person, await signUp(person)),
  },
}
