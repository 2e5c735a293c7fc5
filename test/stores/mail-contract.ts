import type { Test } from 'tap'
import { randomId } from '../../src/ids.js'
import type { MailJob, MailRequest } from '../../src/mail/mail-job.js'
import { eventually } from '../support/app.js'
import { minute, type Subject, second, tally } from './subject.js'

const request: MailRequest = {
  kind: 'reset-password',
  email: 'ada@example.com',
  origin: { requestId: 'r1', ip: '192.0.2.1', userAgent: 'Ä "x" \\ ☎' },
}

/** Holds a store to what `MailQueue` promises. */
export const mailContract = (t: Test, { stores, elsewhere }: Subject): void => {
  const { mails } = stores

  /** Claims one as soon as there is one. */
  const next = async (leaseMs = minute): Promise<MailJob> => {
    let job: MailJob | undefined
    await eventually(async () => {
      job = await elsewhere.mails.claim(leaseMs)
      return job !== undefined
    })
    if (job === undefined) throw new Error('There was no mail')
    return job
  }
  const add = async (details: Partial<MailRequest> = {}): Promise<string> => {
    const id = randomId()
    await mails.add(id, { ...request, ...details }, 10_000)
    return id
  }

  t.test('keeps a mail as it was given, for whoever claims it', async (t) => {
    const before = Date.now()
    for (const details of [{}, { userId: randomId(), kind: 'confirm-email' as const }]) {
      const id = await add(details)
      const { queuedAt, ...job } = await next()
      t.strictSame(job, { ...request, ...details, id, tries: 1 })
      t.ok(queuedAt >= before)
      await mails.remove(id)
    }
    t.equal(await mails.length(), 0)
    t.equal(await mails.claim(minute), undefined)
  })

  t.test('gives each of fifty mails to one of many who claim at once', async (t) => {
    const ids = await Promise.all(Array.from({ length: 50 }, () => add()))
    const claimed = await Promise.all(
      Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? stores : elsewhere).mails.claim(minute)),
    )
    const got = claimed.flatMap((job) => job?.id ?? [])
    t.strictSame(got.sort(), ids.sort())
    t.equal(await mails.length(), 50, 'what is claimed waits still')
    await Promise.all(ids.map((id) => elsewhere.mails.remove(id)))
    t.equal(await mails.length(), 0)
  })

  t.test('gives a mail again when the claim has lapsed, and counts that', async (t) => {
    const id = await add()
    const first = await next(1)
    const second = await next(minute)
    t.strictSame(second, { ...first, tries: 2 })
    t.equal(await mails.claim(minute), undefined)
    await mails.postpone(first, 0)
    t.equal(await mails.claim(minute), undefined, 'a claim that has lapsed puts nothing off')
    await mails.postpone(second, 0)
    t.strictSame(await next(), { ...first, tries: 3 })
    await mails.remove(id)
    await mails.postpone({ id, tries: 3 }, 0)
    t.equal(await mails.length(), 0, 'what was removed does not come back')
  })

  t.test('puts a mail off, behind those that are due', async (t) => {
    const id = await add()
    const job = await next()
    await mails.postpone(job, minute)
    const later = await add()
    t.equal((await next()).id, later)
    t.equal(await mails.claim(minute), undefined)
    await Promise.all([id, later].map((one) => mails.remove(one)))
  })

  t.test('takes so many and no more, however many are added at once', async (t) => {
    const ids = Array.from({ length: 20 }, () => randomId())
    const outcomes = await Promise.all(
      ids.map((id, i) => (i % 2 === 0 ? stores : elsewhere).mails.add(id, request, 5)),
    )
    t.strictSame(tally(outcomes), { queued: 5, full: 15 })
    t.equal(await mails.length(), 5)
    const kept = ids.filter((_, i) => outcomes[i] === 'queued')
    t.equal(await mails.add(kept[0] ?? '', request, 5), 'queued', 'and none twice')
    t.equal(await mails.length(), 5)
    await Promise.all(ids.map((id) => mails.remove(id)))
    t.equal(await mails.length(), 0)
  })

  t.test('does no harm when anything is done twice', async (t) => {
    const id = await add()
    await mails.add(id, { ...request, kind: 'lockout' }, 10)
    const job = await next()
    t.equal(job.kind, 'reset-password')
    await mails.postpone(job, second)
    await mails.postpone(job, 0)
    t.equal((await next()).id, id)
    await mails.remove(id)
    await mails.remove(id)
    t.equal(await mails.length(), 0)
  })
}
