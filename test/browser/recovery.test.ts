import { join } from 'node:path'
import t from 'tap'
import { mailbox } from '../support/mailbox.js'
import { startChromium } from './chromium.js'
import { deploy, newPerson, somebody } from './deployment.js'

t.test('the links in mails', async (t) => {
  const browser = await startChromium(t)
  const deployment = await deploy(t)
  const box = mailbox(join(deployment.server.cwd, '.data/outbox'))
  const { newTab } = await newPerson(t, browser, deployment)
  const tab = await newTab()
  const { page } = tab
  const person = somebody()
  const newPassword = 'Harpsichord & 9 keys'

  t.test('verify the email of somebody who has signed up', async (t) => {
    await tab.open()
    await tab.signUp(person)
    t.ok(await tab.showsProfile(person))
    t.ok(await tab.shows('Your email address is not verified yet.'))
    const { link, token } = await box.next(person.email, 'Verify')
    const asked: string[] = []
    page.on('request', (request) => asked.push(`${request.method()} ${request.url()}`))
    await page.goto(link)
    const button = page.getByRole('button', { name: 'Verify my email' })
    await button.waitFor()
    t.notMatch(page.url(), token, 'the token is out of the address')
    t.strictSame(
      asked.filter((line) => line.startsWith('POST')),
      [],
      'and opening sends nothing',
    )
    await button.click()
    t.ok(await tab.shows('Email verified'))
    await page.getByRole('link', { name: 'To the application' }).click()
    t.ok(await tab.showsProfile(person), 'still signed in')
    t.equal(await page.locator('#unverified').isVisible(), false)
  })

  t.test('are refused when they are used again', async (t) => {
    const { link } = await box.next(person.email, 'Verify')
    await page.goto(link)
    await page.getByRole('button', { name: 'Verify my email' }).click()
    t.ok(await tab.shows('This link is not valid any more'))
  })

  t.test('let somebody choose a new password who has forgotten theirs', async (t) => {
    await tab.open()
    await tab.showsProfile(person)
    await tab.signOut()
    await tab.showsSignIn()
    await page.getByRole('link', { name: 'Forgotten your password?' }).click()
    const forgot = page.getByRole('form', { name: 'Forgotten your password?' })
    await forgot.getByLabel('Email').fill(person.email)
    await forgot.getByRole('button', { name: 'Send the link' }).click()
    t.ok(await tab.shows('a mail is on its way'))
    const { link } = await box.next(person.email, 'Choose a new password')
    await page.goto(link)
    const reset = page.getByRole('form', { name: 'Choose a new password' })
    const field = reset.getByLabel('New password')
    await field.fill('short')
    await reset.getByRole('button', { name: 'Set the password' }).click()
    t.ok(await tab.shows('Use at least 8 characters.'))
    await field.fill(newPassword)
    await reset.getByRole('button', { name: 'Set the password' }).click()
    t.ok(await tab.shows('Password set, sign in with it'))
    await page.getByRole('link', { name: 'To the application' }).click()
    await tab.showsSignIn()
    await tab.signIn({ ...person, password: newPassword })
    t.ok(await tab.showsProfile(person))
  })

  t.test('and whoever wants to go is gone for good', async (t) => {
    await page.getByText('Delete this account').click()
    const leave = page.getByRole('form', { name: 'Delete this account' })
    await leave.getByLabel('Password', { exact: true }).fill(person.password)
    await leave.getByRole('button', { name: 'Delete for good' }).click()
    t.ok(await tab.shows('The email or the password is wrong.'), 'the old one')
    await leave.getByLabel('Password', { exact: true }).fill(newPassword)
    await leave.getByRole('button', { name: 'Delete for good' }).click()
    t.ok(await tab.shows('Your account is gone.'))
    t.ok(await tab.showsSignIn())
    await tab.signIn({ ...person, password: newPassword })
    t.ok(await tab.shows('The email or the password is wrong.'))
    t.strictSame(tab.faults, [])
  })
})
