import { IconBulb, IconDownload, IconFilter, IconPlus, IconRefresh, IconUpload } from '@tabler/icons-react'
import { useMemo } from 'react'
import { usePaletteActions } from '../../../layout/actions.ts'
import { t, useLanguage } from '../../../text.ts'
import { newDocument } from '../document/DocumentDrawer.tsx'
import type { Go } from '../place.ts'

/** What the palette offers while documents are on screen. */
export function useOffer(go: Go, readOnly: boolean, refresh: () => void): void {
  const language = useLanguage()
  usePaletteActions(useMemo(() => {
    const looks = [
      { id: 'filter', label: t('data.filter.title'), icon: IconFilter, run: () => go({ panel: 'filter' }, { replace: true }) },
      { id: 'explain', label: t('data.explain.title'), icon: IconBulb, run: () => go({ panel: 'explain' }) },
      { id: 'refresh', label: t('data.refresh'), icon: IconRefresh, run: refresh },
    ]
    if (readOnly) return looks
    return [
      { id: 'new', label: t('data.doc.new'), icon: IconPlus, run: () => go({ doc: newDocument }) }, ...looks,
      { id: 'import', label: t('data.import.title'), icon: IconUpload, run: () => go({ panel: 'import' }) },
      { id: 'export', label: t('data.export.title'), icon: IconDownload, run: () => go({ panel: 'export' }) },
    ]
  }, [go, readOnly, refresh, language]))
}
