// Intl costs more than all the rest, so it comes with its first use.

const localized = [
  [dateProto, 'toLocaleString'], [dateProto, 'toLocaleDateString'], [dateProto, 'toLocaleTimeString'],
  [Number.prototype, 'toLocaleString'], [bigProto, 'toLocaleString'],
]

function installIntl() {
  delete g.Intl
  for (const [proto, name] of localized) delete proto[name]
  native.native('intl')
}

defineProperty(g, 'Intl', {
  get() {
    installIntl()
    return g.Intl
  },
  set(v) { hidden(g, 'Intl', v) },
  configurable: true,
  enumerable: false,
})
for (const [proto, name] of localized) {
  hidden(proto, name, function (...args) {
    installIntl()
    return proto[name].apply(this, args)
  })
}
