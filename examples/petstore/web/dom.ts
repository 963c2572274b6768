/** Elements without a framework: text is always text, never markup. */
type Child = Node | string | number | null | undefined | false
type Props = Record<string, unknown>

export function h(tag: string, props: Props | null = null, ...children: (Child | Child[])[]): HTMLElement {
  const el = document.createElement(tag)
  set(el, props)
  el.append(...nodes(children))
  return el
}

export function svg(tag: string, props: Props, ...children: Node[]): SVGElement {
  const el = document.createElementNS('http://www.w3.org/2000/svg', tag)
  for (const [k, v] of Object.entries(props)) el.setAttribute(k, String(v))
  el.append(...children)
  return el
}

function set(el: HTMLElement, props: Props | null): void {
  for (const [k, v] of Object.entries(props ?? {})) {
    if (v === null || v === undefined || v === false) continue
    if (k.startsWith('on')) el.addEventListener(k.slice(2), v as EventListener)
    else if (k === 'value') (el as HTMLInputElement).value = String(v)
    else el.setAttribute(k, v === true ? '' : String(v))
  }
}

function nodes(children: (Child | Child[])[]): (Node | string)[] {
  return children.flat().filter(c => c !== null && c !== undefined && c !== false).map(c => typeof c === 'number' ? String(c) : c as Node | string)
}

export function replace(el: Element, ...children: (Child | Child[])[]): void {
  el.replaceChildren(...nodes(children))
}

/** Keeps one element a row, moved and updated in place, so that focus and scrolling stay. */
export function keyed<T extends { _id: string }>(list: Element, make: (row: T) => HTMLElement, update: (el: HTMLElement, row: T, old: T) => void) {
  const kept = new Map<string, { el: HTMLElement; row: T }>()
  return (rows: readonly T[]) => {
    const gone = new Set(kept.keys())
    let at: Element | null = list.firstElementChild
    for (const row of rows) {
      gone.delete(row._id)
      let k = kept.get(row._id)
      if (!k) kept.set(row._id, k = { el: make(row), row })
      else if (k.row !== row) {
        update(k.el, row, k.row)
        k.row = row
      }
      if (k.el === at) at = at.nextElementSibling
      else list.insertBefore(k.el, at)
    }
    for (const id of gone) {
      kept.get(id)?.el.remove()
      kept.delete(id)
    }
  }
}

export function money(n: number): string {
  return new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' }).format(n)
}

let toasts: HTMLElement | undefined

export function toast(text: string, kind: 'good' | 'bad' = 'good'): void {
  toasts ??= document.body.appendChild(h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite', popover: 'manual' }))
  const t = h('div', { class: 'toast ' + kind }, text)
  toasts.append(t)
  if (toasts.showPopover) { // above dialogs too
    toasts.hidePopover()
    toasts.showPopover()
  }
  setTimeout(() => t.remove(), 4500)
}
