// For pages without TLS and phones, which have no crypto.subtle: nobody should fall back to `plain`.

/** FIPS 180-4, for ASCII of less than 2^29 characters. */
export function sha256(text: string): Uint8Array {
  const k: number[] = []
  const h: number[] = []
  for (let n = 2; k.length < 64; n++) {
    let d = 2
    while (n % d) d++
    if (d < n) continue // not a prime
    if (h.length < 8) h.push(n ** (1 / 2) * 2 ** 32 | 0)
    k.push(n ** (1 / 3) * 2 ** 32 | 0)
  }
  const words = new Int32Array((text.length + 9 + 63 >> 6) << 4)
  const put = (i: number, byte: number) => { words[i >> 2]! |= byte << 24 - i % 4 * 8 }
  for (let i = 0; i < text.length; i++) put(i, text.charCodeAt(i))
  put(text.length, 0x80)
  words[words.length - 1] = text.length * 8
  const turn = (x: number, n: number) => x >>> n | x << 32 - n
  const w = new Int32Array(64)
  for (let at = 0; at < words.length; at += 16) {
    let [a, b, c, d, e, f, g, i] = h as [number, number, number, number, number, number, number, number]
    for (let j = 0; j < 64; j++) {
      const x = w[j - 15]!
      const y = w[j - 2]!
      w[j] = j < 16
        ? words[at + j]!
        : w[j - 16]! + (turn(x, 7) ^ turn(x, 18) ^ x >>> 3) + w[j - 7]! + (turn(y, 17) ^ turn(y, 19) ^ y >>> 10)
      const t = i + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + (e & f ^ ~e & g) + k[j]! + w[j]!
      const u = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + (a & b ^ a & c ^ b & c)
      i = g
      g = f
      f = e
      e = d + t | 0
      d = c
      c = b
      b = a
      a = t + u | 0
    }
    for (const [j, v] of [a, b, c, d, e, f, g, i].entries()) h[j] = h[j]! + v | 0
  }
  return Uint8Array.from({ length: 32 }, (_, j) => h[j >> 2]! >>> 24 - j % 4 * 8)
}
