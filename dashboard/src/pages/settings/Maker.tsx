import { useState, type ReactNode } from 'react'
import { FormDialog } from '../../parts/FormDialog.tsx'
import { Once } from '../../parts/Once.tsx'
import { useAct } from '../../parts/useAct.ts'

interface Shown { about: string; secret: string }

/** Asks for what something is to be, makes it, and shows its secret this once. */
export function Maker({ title, action, make, close, children }: { title: string; action: string; make: () => Promise<Shown>; close: () => void; children: ReactNode }) {
  const [shown, setShown] = useState<Shown>()
  const { busy, error, run } = useAct('settings')
  if (shown) return <Once title={title} about={shown.about} secrets={[{ text: shown.secret }]} close={close} />
  return <FormDialog title={title} action={action} busy={busy} error={error} send={async () => setShown(await run(make))} close={close}>{children}</FormDialog>
}
