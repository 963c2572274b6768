export default ({ auth }) => ({ hello: auth?.uid ?? 'guest' })
