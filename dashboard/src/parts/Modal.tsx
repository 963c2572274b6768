import { Modal as Layer, type ModalProps } from '@mantine/core'
import { useOverlay } from './overlays.ts'

/** As Mantine's; Escape closes it only while nothing is above it. */
export function Modal({ closeOnEscape = true, ...props }: ModalProps) {
  useOverlay(props.opened, closeOnEscape ? props.onClose : undefined)
  return <Layer {...props} closeOnEscape={false} />
}
