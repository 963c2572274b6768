package data

import (
	"strconv"
	"unicode/utf8"

	"github.com/hutch-dev/hutch"
)

// escape appends the character that the escape at the cursor stands for.
func (d *decoder) escape(dst []byte) ([]byte, *hutch.Error) {
	if d.p+1 >= len(d.s) {
		return dst, d.fail("malformed JSON: a string has no end")
	}
	c := d.s[d.p+1]
	switch c {
	case '"', '\\', '/':
	case 'n':
		c = '\n'
	case 't':
		c = '\t'
	case 'r':
		c = '\r'
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'u':
		return d.unicode(dst)
	default:
		return dst, d.fail("malformed JSON: unknown escape")
	}
	d.p += 2
	return append(dst, c), nil
}

// unicode appends the character of a \u escape or of a surrogate pair of them.
// A lone surrogate and NUL are refused: they would make two strings one.
func (d *decoder) unicode(dst []byte) ([]byte, *hutch.Error) {
	r, ok := hex4(d.s[d.p:])
	switch {
	case !ok:
		return dst, d.fail("malformed JSON: a \\u escape has 4 hexadecimal digits")
	case r == 0:
		return dst, d.fail("a string may not hold NUL")
	case r >= 0xDC00 && r < 0xE000:
		return dst, d.fail("a lone surrogate in a string")
	}
	d.p += 6
	if r >= 0xD800 && r < 0xDC00 {
		low, ok := hex4(d.s[d.p:])
		if !ok || low < 0xDC00 || low >= 0xE000 {
			return dst, d.fail("a lone surrogate in a string")
		}
		d.p += 6
		r = (r-0xD800)<<10 | (low - 0xDC00) + 0x10000
	}
	return utf8.AppendRune(dst, r), nil
}

// hex4 reads \uXXXX.
func hex4(s []byte) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range s[2:6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// scanNumber is the length of the JSON number at the start of s, 0 for none, and
// whether it has neither fraction nor exponent.
func scanNumber(s []byte) (n int, whole bool) {
	digits := func() bool {
		from := n
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		return n > from
	}
	if n < len(s) && s[n] == '-' {
		n++
	}
	first := n
	if !digits() || s[first] == '0' && n > first+1 {
		return 0, false
	}
	whole = true
	if n < len(s) && s[n] == '.' {
		n++
		if whole = false; !digits() {
			return 0, false
		}
	}
	if n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		n++
		if n < len(s) && (s[n] == '+' || s[n] == '-') {
			n++
		}
		if whole = false; !digits() {
			return 0, false
		}
	}
	return n, whole
}

// parseInt reads an integer literal; not ok outside int64 and for -0.
func parseInt(lit []byte) (int64, bool) {
	if len(lit) > 18 {
		n, err := strconv.ParseInt(string(lit), 10, 64)
		return n, err == nil
	}
	neg := lit[0] == '-'
	if neg {
		lit = lit[1:]
	}
	n := int64(0)
	for _, c := range lit {
		n = n*10 + int64(c-'0')
	}
	if neg {
		return -n, n != 0
	}
	return n, true
}

// parseDouble reads a number literal; not ok where it overflows and for -0.
func parseDouble(lit []byte) (float64, bool) {
	f, err := strconv.ParseFloat(string(lit), 64)
	if err != nil {
		return 0, false
	}
	return f, f != 0 || lit[0] != '-'
}
