import { h } from './dom.ts'
import { words } from './store.ts'

export function field(label: string, props: Record<string, unknown>, hint: string | false = false): [HTMLElement, HTMLInputElement] {
  const input = h('input', { required: true, ...props }) as HTMLInputElement
  return [h('label', null, label, input, hint && h('small', null, hint)), input]
}

export function form(button: HTMLElement, act: () => Promise<void>, ...parts: (HTMLElement | string)[]): HTMLElement {
  const problem = h('p', { class: 'problem', role: 'alert' })
  const submit = async (e: Event) => {
    e.preventDefault()
    problem.textContent = ''
    button.setAttribute('disabled', '')
    try {
      await act()
    } catch (error) {
      problem.textContent = words(error)
    } finally {
      button.removeAttribute('disabled')
    }
  }
  return h('form', { class: 'form', onsubmit: submit }, ...parts, problem, button)
}

export function link(text: string, onclick: () => void): HTMLElement {
  return h('button', { type: 'button', class: 'link', onclick }, text)
}

/** Where six digits go, which phones and authenticators fill in. */
export function codeField(label: string): [HTMLElement, HTMLInputElement] {
  return field(label, { name: 'code', class: 'code', inputmode: 'numeric', autocomplete: 'one-time-code', pattern: '[0-9]{6}', maxlength: 6, placeholder: '000000' })
}
