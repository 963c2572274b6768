// An SMTP server on loopback that keeps what it is sent.
import { createServer, type AddressInfo } from 'node:net'
import { eventually } from './shop.ts'

export interface Mail { to: string; subject: string; text: string; code: string; link: string }

export interface Mailbox {
  /** For auth.mail.smtp. */
  smtp: string
  /** Waits for the next mail to an address that was not given yet. */
  next(to: string): Promise<Mail>
  /** The code of the next one that has a code: others only tell something. */
  code(to: string): Promise<string>
  stop(): void
}

export async function openMailbox(): Promise<Mailbox> {
  const mails: Mail[] = []
  const server = createServer(socket => {
    let to = ''
    let data: string[] | undefined
    let rest = ''
    const say = (line: string) => socket.write(line + '\r\n')
    socket.on('error', () => {})
    say('220 mailbox')
    socket.on('data', chunk => {
      const lines = (rest + chunk.toString('latin1')).split('\r\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (data) {
          if (line !== '.') {
            data.push(line.replace(/^\.\./, '.'))
            continue
          }
          mails.push(read(to, data.join('\n')))
          data = undefined
          say('250 kept')
        } else if (/^EHLO/i.test(line)) say('250 mailbox')
        else if (/^RCPT/i.test(line)) {
          to = /<([^>]*)>/.exec(line)?.[1] ?? ''
          say('250 ok')
        } else if (/^DATA/i.test(line)) {
          data = []
          say('354 go on')
        } else if (/^QUIT/i.test(line)) {
          say('221 bye')
          socket.end()
        } else say('250 ok')
      }
    })
  })
  await new Promise<void>(r => server.listen(0, '127.0.0.1', r))
  const next = async (to: string, good = (_: Mail) => true) => {
    const mine = (m: Mail) => m.to === to && good(m)
    await eventually('a mail to ' + to, () => mails.some(mine))
    return mails.splice(mails.findIndex(mine), 1)[0] as Mail
  }
  return {
    smtp: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}?tls=off`,
    next: to => next(to),
    code: async to => (await next(to, m => m.code !== '')).code,
    stop: () => void server.close(),
  }
}

function read(to: string, raw: string): Mail {
  const all = raw.replace(/=\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  const text = /Content-Type: text\/plain[\s\S]*?\n\n([\s\S]*?)(?:\n--|$)/.exec(all)?.[1] ?? all
  return {
    to, text,
    subject: /^Subject: (.*)$/m.exec(raw)?.[1] ?? '',
    code: /\b(\d{6})\b/.exec(text)?.[1] ?? '',
    link: /https?:\/\/\S+\/verify\?\S+/.exec(text)?.[0] ?? '',
  }
}
