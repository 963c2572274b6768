package data

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/hutch-dev/hutch"
)

// str appends the decoded string at the cursor.
func (d *decoder) str(dst []byte) ([]byte, *hutch.Error) {
	if d.peek() != '"' {
		return dst, d.fail("malformed JSON: expected a string")
	}
	s, p, base := d.s, d.p+1, len(dst)
	start, ascii := p, true
	for p < len(s) {
		if p+8 <= len(s) && plainWord(binary.LittleEndian.Uint64(s[p:])) {
			p += 8
			continue
		}
		c := s[p]
		switch {
		case c >= utf8.RuneSelf:
			ascii = false
			p++
		case plain[c]:
			p++
		case c == '"':
			dst = append(dst, s[start:p]...)
			d.p = p + 1
			if !ascii && !utf8.Valid(dst[base:]) {
				return dst, d.fail("a string is not valid UTF-8")
			}
			return dst, nil
		case c == '\\':
			dst = append(dst, s[start:p]...)
			d.p = p
			var err *hutch.Error
			if dst, err = d.escape(dst); err != nil {
				return dst, err
			}
			p = d.p
			start = p
		default:
			d.p = p
			return dst, d.fail("malformed JSON: a control character in a string")
		}
	}
	d.p = p
	return dst, d.fail("malformed JSON: a string has no end")
}

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
