/** Work that follows what is told: begun soon after the first word, one at a time, and once more after the last. */
export interface Pacer { tell: () => void; stop: () => void }

/** The pause gathers what is told together; it is never put off, so steady words do not starve the work. */
export function pacer(work: () => Promise<unknown>, pause: number): Pacer {
  let timer: ReturnType<typeof setTimeout> | undefined
  let state: 'idle' | 'waits' | 'works' | 'works, then again' | 'over' = 'idle'
  const begin = () => {
    state = 'waits'
    timer = setTimeout(() => {
      state = 'works'
      void work().catch(() => undefined).then(() => {
        const more = state === 'works, then again'
        if (state === 'over') return
        state = 'idle'
        if (more) begin()
      })
    }, pause)
  }
  return {
    tell() {
      if (state === 'idle') begin()
      else if (state === 'works') state = 'works, then again'
    },
    stop() {
      state = 'over'
      clearTimeout(timer)
    },
  }
}
