import { useCallback, useEffect, useRef, useState } from 'react'

export type ConsoleState = 'off' | 'connecting' | 'live' | 'over'

export interface Frame {
  n: number
  at: number
  /** By this page, or by the server. */
  sent: boolean
  text: string
  /** Its t; "" for what is no frame. */
  t: string
}

/** What was asked for last, whatever the address has become. */
export interface Ran { as: string | null; query: object }

/** Frames that are kept; older ones go. */
const most = 500

/** A socket on which the server treats this page as somebody else. */
export function useConsole() {
  const [state, setState] = useState<ConsoleState>('off')
  const [frames, setFrames] = useState<Frame[]>([])
  const [why, setWhy] = useState('')
  const [ran, setRan] = useState<Ran>()
  const socket = useRef<WebSocket>(undefined)
  const count = useRef(0)
  const waiting = useRef<Frame[]>([])
  const drawing = useRef(0)

  const add = useCallback((sent: boolean, text: string) => {
    waiting.current.push({ n: ++count.current, at: Date.now(), sent, text, t: kindOf(text) })
    if (waiting.current.length > most) waiting.current.shift()
    drawing.current ||= requestAnimationFrame(() => { // many frames, one drawing
      drawing.current = 0
      const more = waiting.current
      waiting.current = []
      setFrames(old => [...old, ...more].slice(-most))
    })
  }, [])

  const stop = useCallback(() => {
    const s = socket.current
    socket.current = undefined
    s?.close(1000)
    setState(old => old === 'off' ? old : 'over')
  }, [])

  const start = useCallback((as: string | null, query: object) => {
    stop()
    setRan({ as, query })
    setFrames([])
    setWhy('')
    setState('connecting')
    const s = new WebSocket(location.origin.replace(/^http/, 'ws') + '/realtime/v1', 'hutch.v1')
    socket.current = s
    const send = (frame: object) => {
      const text = JSON.stringify(frame)
      s.send(text)
      add(true, text)
    }
    s.onopen = () => send({ t: 'hello', proto: 1, client: 'dashboard', token: 'operator', as })
    s.onmessage = e => {
      if (socket.current !== s) return
      const text = String(e.data)
      add(false, text)
      const f = parse(text)
      if (f?.t === 'welcome') {
        setState('live')
        send({ t: 'sub', id: 1, query })
      }
      if (f?.t === 'end' || f?.t === 'error') setWhy(String(f.message ?? f.code))
    }
    s.onclose = () => {
      if (socket.current !== s) return
      socket.current = undefined
      setState('over')
    }
  }, [add, stop])

  useEffect(() => () => {
    socket.current?.close(1000)
    cancelAnimationFrame(drawing.current)
  }, [])
  return { state, frames, why, ran, start, stop, clear: useCallback(() => setFrames([]), []) }
}

function parse(text: string): { t?: unknown; message?: unknown; code?: unknown } | undefined {
  try {
    return JSON.parse(text) as { t?: unknown }
  } catch {
    return undefined
  }
}

function kindOf(text: string): string {
  const t = parse(text)?.t
  return typeof t === 'string' ? t : ''
}
