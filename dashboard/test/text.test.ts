import { beforeEach, describe, expect, it } from 'vitest'
import { ago, bytes, loadTexts, number, parts, span, t } from '../src/text.ts'

describe('text', () => {
  beforeEach(() => loadTexts('en'))

  it('puts values in, numbers as the language writes them', async () => {
    expect(t('operator.menu', { email: 'a@b.test' })).toBe('Your account, a@b.test')
    expect(parts('confirm.type', { name: 1234567 })).toContain('1,234,567')
    await loadTexts('ko')
    expect(t('signin.title')).toBe('로그인')
    expect(document.documentElement.lang).toBe('ko')
  })

  it('leaves what looks like a value in a value alone', () => {
    expect(t('confirm.type', { name: '{name}|x' })).toBe('Type {name}|x to confirm')
  })

  it('writes sizes, spans and times', async () => {
    expect(bytes(999)).toBe('999 bytes')
    expect(bytes(1536)).toBe('1.5 kB')
    expect(bytes(25_000_000)).toBe('25 MB')
    expect(span(0.42)).toBe('0.4 ms')
    expect(span(1500)).toBe('1.5 sec')
    expect(number(12345)).toBe('12,345')
    expect(ago(Date.now() - 180_000)).toBe('3 minutes ago')
    await loadTexts('ko')
    expect(ago(Date.now() - 180_000)).toBe('3분 전')
  })
})
