/** The mark of Hutch. */
export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} role="img" aria-label="Hutch">
      <rect width="32" height="32" rx="8" fill="#0b7a75" />
      <path d="M7 15.5 16 8l9 7.5V24a1 1 0 0 1-1 1h-5v-5.5a3 3 0 0 0-6 0V25H8a1 1 0 0 1-1-1z" fill="#fff" />
    </svg>
  )
}
