import { HutchError } from '@hutch/client/functions'

export default () => {
  throw new HutchError('failed_precondition', 'not today', { field: 'when', hint: 'tomorrow', details: { day: 1 } })
}
