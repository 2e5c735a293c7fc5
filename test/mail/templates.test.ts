import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ConfigError } from '../../src/config/config-error.js'
import { describeDevice } from '../../src/mail/describe-device.js'
import { mailKinds } from '../../src/mail/mail-job.js'
import { readSender } from '../../src/mail/message.js'
import { loadTemplates } from '../../src/mail/templates.js'

const values = {
  service: 'Example',
  email: 'ada@example.com',
  link: 'https://example.com/x?token=a.b',
  validity: '24 hours',
  time: '1 January 2026 at 12:00 UTC',
  ip: '192.0.2.1',
  device: 'Firefox, Linux',
  role: 'admin',
}

t.test(
  'every kind of mail has a subject, a text and an HTML with all values filled in',
  async (t) => {
    const render = loadTemplates('en')
    for (const kind of mailKinds) {
      const { subject, text, html } = render(kind, values)
      t.match(subject, /^[A-Z].{10,60}$/, kind)
      for (const form of [text, html]) {
        t.match(form, 'ada@example.com', kind)
        t.notMatch(form, /\{\{|undefined/, kind)
      }
      t.match(html, /^<!doctype html>/)
      t.equal(text.includes(values.link), html.includes(`href="${values.link}"`), kind)
    }
  },
)

t.test('no value gets out of its place', async (t) => {
  const render = loadTemplates('en')
  const { subject, text, html } = render('new-device', {
    ...values,
    service: 'A\r\nBcc: x@y.example',
    email: `{{link}}"'<b>&@example.com`,
    device: '$& <img src=x>\u2028Hello',
  })
  t.notMatch(subject, /[\r\n]/)
  t.notMatch(text, /^Bcc|^Hello/m)
  t.match(text, `{{link}}"'<b>&@example.com`)
  t.match(html, '{{link}}&quot;&#39;&lt;b&gt;&amp;@example.com')
  t.match(html, '$&amp; &lt;img src=x&gt; Hello')
})

t.test('templates of one’s own', async (t) => {
  const folder = t.testdir()
  const put = (name: string, text: string) => {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), text)
  }

  t.test('take the place of those built in, one by one', async (t) => {
    put('en/lockout.txt', 'Subject: Schloß for {{email}}\n\nWait.\n')
    const render = loadTemplates('en', folder)
    t.match(render('lockout', values), {
      subject: 'Schloß for ada@example.com',
      text: 'Wait.\n',
      html: /so many wrong/,
    })
    t.match(render('verify-email', values).subject, 'Verify')
  })

  t.test('that are missing or wrong stop the start, all at once', async (t) => {
    put('de/layout.html', '<p>{{content}} {{nonsense}}')
    put('de/lockout.txt', 'Kein Betreff')
    put('de/verify-email.txt', 'Subject: Hallo\n\n{{link}} {{role}}')
    try {
      loadTemplates('de', folder)
      t.fail('They were taken')
    } catch (error) {
      t.type(error, ConfigError)
      const { problems } = error as ConfigError
      for (const problem of [
        'MAIL_TEMPLATES: de/layout.html has an unknown {{nonsense}}',
        `MAIL_TEMPLATES: de/lockout.txt must begin with 'Subject: …' and an empty line`,
        'MAIL_TEMPLATES: de/verify-email.txt has an unknown {{role}}',
        'MAIL_TEMPLATES: there is no de/verify-email.html',
      ]) {
        t.ok(problems.includes(problem), problem)
      }
    }
  })
})

t.test('a folder of templates that is not there stops the start', async (t) => {
  const folder = t.testdir({ en: {} })
  t.doesNotThrow(() => loadTemplates('en', folder))
  const slip = join(folder, 'slip')
  t.throws(() => loadTemplates('en', slip), ConfigError)
  t.throws(() => loadTemplates('en', slip), {
    message: `MAIL_TEMPLATES: there is no folder ${join(slip, 'en')}`,
  })
})

t.test('a sender is an address, with a name or without', async (t) => {
  t.strictSame(readSender('a@b.example'), { name: '', address: 'a@b.example' })
  t.strictSame(readSender('A, "B" <a@b.example>'), { name: 'A, "B"', address: 'a@b.example' })
})

t.test('a device is described in words of ours', async (t) => {
  for (const [userAgent, words] of [
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) … Chrome/142.0 Safari/537.36', 'Chrome, Windows'],
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) … Safari/604.1', 'Safari, iPhone'],
    ['Mozilla/5.0 (Windows NT 10.0) … Chrome/142.0 Safari/537.36 Edg/142.0', 'Edge, Windows'],
    ['curl/8.0', 'curl'],
    ['<a href="https://evil.example">Click</a>', '?'],
  ] as const) {
    t.equal(describeDevice(userAgent), words)
  }
})
