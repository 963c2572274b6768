export default ({ data, auth }) => ({ data, uid: auth?.uid ?? null })
