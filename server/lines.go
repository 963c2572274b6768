package server

import "bytes"

// lines follows the heads of a connection's requests as they arrive, for what
// fasthttp does not show: a request line that ends in LF alone, and a last
// header line without a colon, for whose end it would wait. It needs to know
// bodies by their Content-Length only, as every other framing is refused.
type lines struct {
	request uint64 // the one whose head comes next, from 1 on
	bad     uint64 // the first malformed one; 0: none
	body    int64  // bytes of a body still to come
	length  int64  // Content-Length of this head
	head    bool   // the request line was seen

	n     int      // bytes of the line so far
	start [40]byte // of the line
	last  byte
	colon bool
}

func (l *lines) feed(b []byte) {
	for len(b) > 0 && l.bad == 0 {
		if l.body > 0 {
			k := min(int64(len(b)), l.body)
			l.body -= k
			b = b[k:]
			continue
		}
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			l.part(b)
			return
		}
		l.part(b[:i])
		b = b[i+1:]
		l.end()
	}
}

// part takes bytes of a line.
func (l *lines) part(b []byte) {
	if len(b) == 0 {
		return
	}
	if l.n < len(l.start) {
		copy(l.start[l.n:], b)
	}
	l.n += len(b)
	l.last = b[len(b)-1]
	l.colon = l.colon || bytes.IndexByte(b, ':') >= 0
}

// end judges a line at its LF.
func (l *lines) end() {
	n := l.n
	switch {
	case n == 0 || l.last != '\r':
		l.bad = l.request + 1
	case n == 1 && !l.head: // empty lines before a request
	case n == 1:
		l.request++
		l.head, l.body, l.length = false, l.length, 0
	case !l.head:
		l.head = true
	case !l.colon:
		l.bad = l.request + 1
	default:
		if v, ok := cutName(l.start[:min(n-1, len(l.start))], "content-length"); ok {
			for _, c := range bytes.Trim(v, " \t") {
				if c < '0' || c > '9' || l.length > maxRead {
					break // refused by frame, or too large to be read
				}
				l.length = l.length*10 + int64(c-'0')
			}
		}
	}
	l.n, l.last, l.colon = 0, 0, false
}

// cutName gives the value of a header line of that name, in lower case.
func cutName(line []byte, name string) ([]byte, bool) {
	if len(line) <= len(name) || line[len(name)] != ':' || !equalFold(line[:len(name)], name) {
		return nil, false
	}
	return line[len(name)+1:], true
}
