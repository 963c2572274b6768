import type { Page } from './main.ts'
import { h, keyed, toast } from './dom.ts'
import { hutch, products, species, words, type Product, type Species } from './store.ts'

/** The keeper's page: products are edited in place; the rules allow it to the role `keeper` alone. */
export const keeperPage: Page = main => {
  main.append(h('h1', { class: 'title' }, 'Keeper'))
  if (!hutch.auth.user?.roles.includes('keeper')) {
    main.append(h('p', { class: 'note' }, 'This page is for keepers.'))
    return () => {}
  }
  const body = h('tbody')
  const note = h('p', { class: 'note', role: 'status' })
  main.append(newPet(), note,
    h('div', { class: 'scroll' }, h('table', null, h('thead', null, h('tr', null, ...['Name', 'Species', 'Price', 'Stock', ''].map(t => h('th', { scope: 'col' }, t)))), body)))
  const draw = keyed<Product>(body, row, update)
  return products.orderBy('name').limit(500).live().subscribe(r => {
    draw(r.data)
    main.dataset.live = r.status
    note.textContent = r.status === 'error' ? words(r.error) : r.status === 'live' ? `${r.data.length} pets` : 'Looking…'
  })
}

async function attempt(f: () => Promise<unknown>, done: string): Promise<void> {
  try {
    await f()
    toast(done)
  } catch (e) {
    toast(words(e), 'bad')
  }
}

function row(p: Product): HTMLElement {
  const cell = (field: 'name' | 'price' | 'stock', type: string, extra: object = {}) => {
    const input = h('input', { type, value: String(p[field]), 'data-field': field, 'aria-label': `${field} of ${p.name}`, ...extra }) as HTMLInputElement
    input.addEventListener('change', () => {
      const value = type === 'number' ? input.valueAsNumber : input.value
      void attempt(() => products.update(p._id, { [field]: value }), 'Saved.')
    })
    return h('td', null, input)
  }
  const remove = () => {
    if (confirm(`Remove ${p.name}?`)) void attempt(() => products.delete(p._id), 'Removed.')
  }
  return h('tr', { 'data-id': p._id },
    cell('name', 'text', { maxlength: 80 }),
    h('td', null, species[p.species]),
    cell('price', 'number', { min: 0.01, step: 0.01 }),
    cell('stock', 'number', { min: 0, step: 1 }),
    h('td', null, h('button', { type: 'button', class: 'link', onclick: remove }, 'Remove')))
}

function update(el: HTMLElement, p: Product): void {
  for (const input of el.querySelectorAll<HTMLInputElement>('input')) {
    if (input !== document.activeElement) input.value = String(p[input.dataset.field as 'name'])
  }
}

function newPet(): HTMLElement {
  const field = (name: string, props: object) => h('label', null, name, h('input', { name: name.toLowerCase(), required: true, ...props }))
  const form = h('form', { class: 'newpet' },
    field('Name', { maxlength: 80 }),
    h('label', null, 'Species', h('select', { name: 'species' }, ...Object.entries(species).map(([k, v]) => h('option', { value: k }, v)))),
    field('Price', { type: 'number', min: 0.01, step: 0.01 }),
    field('Stock', { type: 'number', min: 0, step: 1, value: 1 }),
    field('Description', { maxlength: 500 }),
    h('button', { type: 'submit' }, 'Add pet')) as HTMLFormElement
  form.addEventListener('submit', e => {
    e.preventDefault()
    const data = new FormData(form)
    const text = (k: string) => String(data.get(k) ?? '')
    void attempt(async () => {
      await products.create({
        name: text('name'), species: text('species') as Species, description: text('description'),
        price: Number(text('price')), stock: Number(text('stock')),
      })
      form.reset()
    }, 'On the shelf.')
  })
  return form
}
