import { MantineProvider } from '@mantine/core'
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { api } from '../src/api/api.ts'
import { ApiError } from '../src/api/error.ts'
import { confirm, ModalsRoot } from '../src/parts/Confirm.tsx'
import { ErrorText } from '../src/parts/ErrorText.tsx'
import { FormDialog } from '../src/parts/FormDialog.tsx'
import { Plain } from '../src/parts/Plain.tsx'
import { Failed, Stale } from '../src/parts/states.tsx'
import { useUrlState } from '../src/parts/useUrlState.ts'
import { loadTexts } from '../src/text.ts'

beforeAll(() => loadTexts('en'))
afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

describe('Plain', () => {
  it('shows markup as text, isolated, and cuts what is huge', () => {
    render(<Plain text={'<img src=x onerror=alert(1)>‮'} />)
    expect(document.querySelector('img')).toBeNull()
    expect(document.querySelector('bdi')?.textContent).toContain('<img')
    cleanup()
    render(<Plain text={'😀'.repeat(100_000)} max={3} />)
    expect(document.querySelector('bdi')?.textContent).toBe('😀…')
    expect(document.querySelector('bdi')?.title.length).toBeLessThanOrEqual(1000)
  })
})

describe('confirm', () => {
  it('wants the very name, and shows why an act failed', async () => {
    const run = vi.fn().mockRejectedValueOnce(new ApiError(412, { code: 'failed_precondition', message: 'not now' })).mockResolvedValue(null)
    render(<MantineProvider env="test"><ModalsRoot /></MantineProvider>)
    act(() => confirm({ title: 'Delete?', about: 'Gone for ever.', name: 'orders', action: 'Delete', run }))
    const button = await screen.findByRole<HTMLButtonElement>('button', { name: 'Delete' })
    expect(button.disabled).toBe(true)
    fireEvent.change(screen.getByRole('textbox'), { target: { value: 'order' } })
    expect(button.disabled).toBe(true)
    fireEvent.change(screen.getByRole('textbox'), { target: { value: 'orders' } })
    await act(async () => fireEvent.click(button))
    expect(screen.getByRole('alert').textContent).toContain('not now')
    await act(async () => fireEvent.click(button))
    expect(run).toHaveBeenCalledTimes(2)
    expect(screen.queryByRole('dialog')).toBeNull()
  })

  it('stays while its act runs, and leaves the next question alone', async () => {
    render(<MantineProvider env="test"><ModalsRoot /></MantineProvider>)
    let end = () => {}
    const running = new Promise<void>(done => { end = done })
    act(() => confirm({ title: 'First?', about: '', action: 'Go', run: () => running }))
    await act(async () => fireEvent.click(screen.getByRole('button', { name: 'Go' })))
    await leave()
    expect(screen.getByRole('dialog').textContent).toContain('First?')
    act(() => confirm({ title: 'Second?', about: '', action: 'Go', run: () => running }))
    await act(async () => end())
    expect(screen.getByRole('dialog').textContent).toContain('Second?')
    await leave()
    expect(screen.queryByRole('dialog')).toBeNull()
  })
})

/** In every way there is. */
const leave = () => act(async () => {
  for (const name of ['Cancel', 'Close']) {
    const button = screen.queryByRole('button', { name })
    if (button) fireEvent.click(button)
  }
  fireEvent.keyDown(document.body, { key: 'Escape' })
})

describe('FormDialog', () => {
  it('stays while it is sent', async () => {
    const close = vi.fn()
    const form = (busy: boolean) => <MantineProvider env="test"><FormDialog title="Key" action="Make" busy={busy} error={undefined} send={async () => {}} close={close}>fields</FormDialog></MantineProvider>
    const { rerender } = render(form(true))
    await leave()
    expect(close).not.toHaveBeenCalled()
    rerender(form(false))
    await leave()
    expect(close).toHaveBeenCalledTimes(3)
  })
})

describe('S99', () => {
  it('takes no name that only looks the same', async () => {
    const run = vi.fn().mockResolvedValue(null)
    render(<MantineProvider env="test"><ModalsRoot /></MantineProvider>)
    act(() => confirm({ title: 'Delete?', about: 'Gone for ever.', name: 'orders', action: 'Delete', run }))
    const button = screen.getByRole('button', { name: 'Delete' }) as HTMLButtonElement
    for (const typed of ['\u043erders', 'or\u200bders', '\u202eorders', 'ORDERS', 'ord\u0435rs']) {
      fireEvent.change(screen.getByRole('textbox'), { target: { value: typed } })
      expect(button.disabled, typed).toBe(true)
    }
    fireEvent.change(screen.getByRole('textbox'), { target: { value: 'orders' } })
    expect(button.disabled).toBe(false)
    await act(async () => fireEvent.click(button))
    expect(run).toHaveBeenCalledTimes(1)
  })
})

describe('Failed', () => {
  it('says code, hint and request, and offers to try again', () => {
    const retry = vi.fn()
    render(<MantineProvider><Failed retry={retry} error={new ApiError(400, { code: 'invalid_argument', message: 'no such field', hint: 'did you mean price?', requestId: 'r123' })} /></MantineProvider>)
    for (const text of ['invalid_argument', 'no such field', 'did you mean price?', 'r123']) expect(screen.getByRole('alert').textContent).toContain(text)
    fireEvent.click(screen.getByRole('button'))
    expect(retry).toHaveBeenCalledOnce()
  })
  it('says in Korean what the server says in English, with its own words', async () => {
    await loadTexts('ko')
    render(<MantineProvider><Failed error={new ApiError(400, { code: 'invalid_argument', message: 'no such field' })} /></MantineProvider>)
    expect(screen.getByRole('heading').textContent).toBe('요청이 올바르지 않습니다')
    cleanup()
    render(<MantineProvider><ErrorText error={new ApiError(409, { code: 'already_exists', message: 'taken' })} /></MantineProvider>)
    expect(document.body.textContent).toContain('이미 존재합니다 taken')
    vi.stubGlobal('fetch', async () => {
      throw new TypeError('failed to fetch')
    })
    await expect(api('GET', '/x')).rejects.toMatchObject({ message: expect.stringMatching(/응답이 없습니다/) })
    await loadTexts('en')
  })
  it('is Denied when the operator may not', () => {
    render(<MantineProvider><Failed error={new ApiError(403, { code: 'permission_denied', message: 'no' })} /></MantineProvider>)
    expect(screen.getByRole('alert').textContent).toContain('You may not see this')
  })
})

describe('Stale', () => {
  const answer = { isError: true, data: [], error: new ApiError(503, { code: 'unavailable', message: 'not now' }), dataUpdatedAt: Date.now() - 180_000 }
  it('says that what is on screen is old, and offers to try again', () => {
    const refetch = vi.fn()
    render(<MantineProvider><Stale of={{ ...answer, refetch }} /></MantineProvider>)
    for (const text of ['3 minutes ago', 'not now']) expect(screen.getByRole('status').textContent).toContain(text)
    fireEvent.click(screen.getByRole('button'))
    expect(refetch).toHaveBeenCalledOnce()
  })
  it('says nothing of a refresh that went well, or where there is nothing to keep', () => {
    for (const of of [{ ...answer, isError: false }, { ...answer, data: undefined }]) {
      render(<MantineProvider><Stale of={{ ...of, refetch: () => undefined }} /></MantineProvider>)
      expect(screen.queryByRole('status')).toBeNull()
      cleanup()
    }
  })
})

describe('useUrlState', () => {
  it('keeps what another state set in the same moment', () => {
    const Two = () => {
      const [, setA] = useUrlState('a')
      const [, setB] = useUrlState('b')
      return <button onClick={() => { setA('1'); setB('2') }}>set</button>
    }
    render(<Two />)
    fireEvent.click(screen.getByRole('button'))
    expect(location.search).toBe('?a=1&b=2')
  })
})

describe('api', () => {
  it('sends what the server wants of operators, and throws its errors', async () => {
    const fetched = vi.fn(async (_url: string, _init: RequestInit) => new Response('{"code":"not_found","message":"gone","hint":"look","requestId":"abc"}', { status: 404 }))
    vi.stubGlobal('fetch', fetched)
    const error = await api('GET', '/admin/v1/x', { query: { a: 'b c', none: undefined, empty: '' } }).catch((e: unknown) => e)
    expect(fetched.mock.calls[0]?.[0]).toBe('/admin/v1/x?a=b+c')
    expect(fetched.mock.calls[0]?.[1]?.headers).toEqual({ 'X-Hutch-Admin': '1' })
    expect(error).toMatchObject({ status: 404, code: 'not_found', hint: 'look', requestId: 'abc' })
  })
  it('makes an error of an answer that is not from Hutch', async () => {
    vi.stubGlobal('fetch', async () => new Response('<html>', { status: 502 }))
    await expect(api('GET', '/x')).rejects.toMatchObject({ code: 'unavailable' })
    vi.stubGlobal('fetch', async () => {
      throw new TypeError('failed')
    })
    await expect(api('GET', '/x')).rejects.toMatchObject({ code: 'unavailable', status: 0 })
  })
})
