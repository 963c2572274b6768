declare module '*/texts.json?en-frame' {
  const texts: Record<string, string>
  export default texts
}
declare module '*/texts.json?en-first' {
  const texts: Record<string, string>
  export default texts
}
declare module '*/texts.json?en-rest' {
  const texts: Record<string, string>
  export default texts
}
declare module '*/texts.json?ko-frame' {
  const texts: Record<string, string>
  export default texts
}
declare module '*/texts.json?ko-first' {
  const texts: Record<string, string>
  export default texts
}
declare module '*/texts.json?ko-rest' {
  const texts: Record<string, string>
  export default texts
}
