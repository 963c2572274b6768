import { Kbd, Table } from '@mantine/core'
import { Modal } from '../../../parts/Modal.tsx'
import { t, type Key } from '../../../text.ts'

const keys: [string[], Key][] = [
  [['↑', '↓', '←', '→'], 'data.keys.move'], [['Enter'], 'data.keys.edit'], [['Tab'], 'data.keys.next'], [['Esc'], 'data.keys.cancel'], [['Space'], 'data.keys.select'],
  [['Shift', '↓'], 'data.keys.extend'], [['O'], 'data.keys.open'], [['N'], 'data.keys.new'], [['Delete'], 'data.keys.delete'], [['Ctrl', 'Z'], 'data.keys.undo'],
  [['Ctrl', 'C'], 'data.keys.copy'], [['/'], 'data.keys.filter'], [['C'], 'data.keys.columns'], [['E'], 'data.keys.explain'], [['R'], 'data.keys.refresh'], [['Ctrl', 'End'], 'data.keys.end'], [['?'], 'data.keys.this'],
]

/** What the keyboard does. */
export function Keys({ close }: { close: () => void }) {
  return (
    <Modal opened onClose={close} title={t('data.keys.title')} closeButtonProps={{ 'aria-label': t('action.close') }}>
      <Table verticalSpacing={5}>
        <Table.Tbody>
          {keys.map(([k, text]) => <Table.Tr key={text}><Table.Td w={150}>{k.map(x => <Kbd key={x} size="xs" me={4}>{x}</Kbd>)}</Table.Td><Table.Td>{t(text)}</Table.Td></Table.Tr>)}
        </Table.Tbody>
      </Table>
    </Modal>
  )
}
