declare module '*/texts.json?en' {
  const texts: Record<string, string>
  export default texts
}
declare module '*/texts.json?ko' {
  const texts: Record<string, string>
  export default texts
}
declare module '*/texts.json?en-rest' {
  const texts: Record<string, string>
  export default texts
}
declare module '*/texts.json?ko-rest' {
  const texts: Record<string, string>
  export default texts
}
