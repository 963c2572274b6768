import { Alert, Button, Group, ScrollArea, Table, Text } from '@mantine/core'
import { Plain } from '../../../parts/Plain.tsx'
import { t } from '../../../text.ts'
import type { Import } from '../client.ts'
import { saveAs } from '../download.ts'

const shown = 100 // the file has the others

/** What came of an import, line by line where it failed. */
export function ImportReport({ state, file, over }: { state: Import; file: string; over: boolean }) {
  const changed = state.created + state.replaced
  const rest = state.format === 'jsonl' ? state.lines - changed - state.failed : 0 // empty lines; a row of CSV may have many
  return (
    <>
      <Group gap="md" role="status" data-import={over ? 'done' : 'running'}>
        <Text size="sm">{t('data.import.lines', { n: state.lines })}</Text>
        <Text size="sm" c="teal">{t('data.import.written', { n: changed })}</Text>
        {over && rest > 0 && <Text size="sm" c="dimmed">{t('data.import.none', { n: rest })}</Text>}
        {state.failed > 0 && <Text size="sm" c="red">{t('data.import.failed', { n: state.failed })}</Text>}
      </Group>
      {over && state.state === 'done' && state.failed === 0 && <Alert color="teal" p="xs">{t('data.import.allDone')}</Alert>}
      {state.errors.length > 0 && (
        <>
          <ScrollArea.Autosize mah={260} type="auto" tabIndex={0}>
            <Table fz="xs" stickyHeader striped withTableBorder>
              <Table.Thead><Table.Tr><Table.Th>{t('data.import.line')}</Table.Th><Table.Th>{t('data.import.id')}</Table.Th><Table.Th>{t('data.import.field')}</Table.Th><Table.Th>{t('data.import.reason')}</Table.Th></Table.Tr></Table.Thead>
              <Table.Tbody>
                {state.errors.slice(0, shown).map(e => (
                  <Table.Tr key={e.line}>
                    <Table.Td className="tabular">{e.line}</Table.Td>
                    <Table.Td><Plain text={e.id} mono max={40} /></Table.Td>
                    <Table.Td><Plain text={e.field} mono max={60} /></Table.Td>
                    <Table.Td><Plain text={e.reason} wrap max={400} /></Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </ScrollArea.Autosize>
          <Group justify="space-between" gap="xs">
            <Text size="xs" c="dimmed">{state.badMore
              ? t('data.import.cut', { n: state.errors.length, total: state.failed })
              : state.errors.length > shown ? t('data.import.shown', { n: shown, total: state.errors.length }) : ''}</Text>
            <Button size="compact-xs" variant="default" onClick={() => saveAs(file + '.errors.jsonl', new Blob(state.errors.map(e => JSON.stringify(e) + '\n')))}>{t('data.import.report')}</Button>
          </Group>
        </>
      )}
    </>
  )
}
