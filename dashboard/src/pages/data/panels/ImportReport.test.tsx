import { MantineProvider } from '@mantine/core'
import { cleanup, render, screen } from '@testing-library/react'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { loadTexts } from '../../../text.ts'
import type { Import } from '../client.ts'
import { ImportReport } from './ImportReport.tsx'

beforeAll(() => loadTexts('en'))
afterEach(cleanup)

const bad = (line: number) => ({ line, id: '', field: 'price', code: 'invalid_argument', reason: 'dear' })
const done: Import = { id: 'i', complete: true, state: 'done', parts: 1, lines: 3, created: 3, replaced: 0, failed: 0, errors: [] } as unknown as Import
const show = (state: Partial<Import>, over: boolean) => render(<MantineProvider><ImportReport state={{ ...done, ...state }} file="a.csv" over={over} /></MantineProvider>)

describe('the report of an import', () => {
  it('says that all is in only when the server says so', () => {
    show({}, true)
    expect(screen.queryByText('All lines are in.')).not.toBeNull()
    cleanup()
    show({ state: 'open' }, true) // stopped, or broken off
    expect(screen.queryByText('All lines are in.')).toBeNull()
    cleanup()
    show({}, false)
    expect(screen.queryByText('All lines are in.')).toBeNull()
    cleanup()
    show({ failed: 1, errors: [bad(2)] }, true)
    expect(screen.queryByText('All lines are in.')).toBeNull()
    expect(screen.getAllByRole('row')).toHaveLength(2)
  })

  it('says where it ends, if lines were refused beyond it', () => {
    show({ failed: 1000, badMore: false, errors: Array.from({ length: 1000 }, (_, i) => bad(i + 1)) }, true)
    expect(screen.queryByText(/first 1,000/)).toBeNull()
    cleanup()
    show({ failed: 1234, badMore: true, errors: Array.from({ length: 1000 }, (_, i) => bad(i + 1)) }, true)
    expect(screen.queryByText(/first 1,000 of 1,234/)).not.toBeNull()
  })

  it('adds up: what is no document is told, and each bad line with its id', () => {
    show({ format: 'jsonl', lines: 6, created: 1, failed: 4, errors: [{ ...bad(3), id: 'sku-3' }] }, true)
    expect(screen.queryByText('1 without a document')).not.toBeNull()
    expect(screen.getByRole('row', { name: /sku-3/ }).textContent).toContain('price')
    cleanup()
    show({ format: 'jsonl', lines: 6, created: 1, failed: 4 }, false) // on its way: the rest is to come
    expect(screen.queryByText(/without a document/)).toBeNull()
    cleanup()
    show({ format: 'csv', lines: 6, created: 1 }, true) // lines in cells
    expect(screen.queryByText(/without a document/)).toBeNull()
  })
})
