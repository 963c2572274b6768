import { configure } from '@testing-library/react'

// A busy machine takes seconds to load a part of a page.
configure({ asyncUtilTimeout: 15_000 })

// What jsdom lacks of a browser.
if (typeof window !== 'undefined') {
  window.matchMedia ??= query => ({
    matches: false, media: query, onchange: null, addListener() {}, removeListener() {}, addEventListener() {}, removeEventListener() {}, dispatchEvent: () => false,
  })
  window.ResizeObserver ??= class {
    observe() {}
    unobserve() {}
    disconnect() {}
  }
  Element.prototype.scrollTo ??= () => {}
}
