import { Drawer as Layer, type DrawerProps } from '@mantine/core'
import { useOverlay } from './overlays.ts'

/** As Mantine's; Escape closes it only while nothing is above it. */
export function Drawer({ closeOnEscape = true, ...props }: DrawerProps) {
  useOverlay(props.opened, closeOnEscape ? props.onClose : undefined)
  return <Layer {...props} closeOnEscape={false} />
}
