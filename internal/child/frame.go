package child

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
)

// frame is u32 length of what follows, u8 kind, u64 call, u32 sub, body, all
// little-endian.
type frame struct {
	kind byte
	call uint64
	sub  uint32 // of a call: its time in ms, 0 = none; else the number of a host call
	body []byte
}

// The kinds of frames.
const (
	kindHello     byte = iota + 1 // child to server: Level as JSON
	kindCall                      // server to child: handler name, input
	kindInterrupt                 // server to child
	kindResult                    // child to server
	kindError                     // child to server: text
	kindHost                      // child to server: operation, input
	kindHostOK                    // server to child
	kindHostError                 // server to child: text
	kindNote                      // child to server: operation, input; no answer
)

const (
	headerLen = 13
	maxDown   = 32 << 20 // body of a frame to a child
	maxUp     = 8 << 20  // body of a frame from a child
	keepBuf   = 64 << 10
)

type frameWriter struct {
	mu  sync.Mutex // guards w, b
	w   io.Writer
	b   []byte
	max int
}

// write sends one frame with one system call; name, where not empty, goes
// before the body.
func (fw *frameWriter) write(f frame, name string) error {
	n := len(f.body)
	if name != "" {
		n += 1 + len(name)
	}
	if n > fw.max || len(name) > 255 {
		return fmt.Errorf("a frame of %d bytes, at most %d", n, fw.max)
	}
	fw.mu.Lock()
	defer fw.mu.Unlock()
	b := binary.LittleEndian.AppendUint32(fw.b[:0], uint32(headerLen+n))
	b = append(b, f.kind)
	b = binary.LittleEndian.AppendUint64(b, f.call)
	b = binary.LittleEndian.AppendUint32(b, f.sub)
	if name != "" {
		b = append(append(b, byte(len(name))), name...)
	}
	b = append(b, f.body...)
	if fw.b = b; cap(b) > keepBuf {
		fw.b = nil
	}
	_, err := fw.w.Write(b)
	return err
}

// badFrame carries bytes that were no frame: a dying Go runtime writes its
// crash text there.
type badFrame struct{ text []byte }

func (e *badFrame) Error() string { return "not a frame" }

func readFrame(r *bufio.Reader, max int) (frame, error) {
	h, err := r.Peek(4)
	if err != nil {
		return frame{}, err
	}
	n := binary.LittleEndian.Uint32(h)
	if n < headerLen || int64(n) > int64(headerLen+max) {
		text, _ := io.ReadAll(io.LimitReader(r, 2<<10))
		return frame{}, &badFrame{text}
	}
	var b [4 + headerLen]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return frame{}, err
	}
	f := frame{
		kind: b[4],
		call: binary.LittleEndian.Uint64(b[5:]),
		sub:  binary.LittleEndian.Uint32(b[13:]),
		body: make([]byte, n-headerLen),
	}
	_, err = io.ReadFull(r, f.body)
	return f, err
}

// splitName undoes the name of write.
func splitName(b []byte) (string, []byte, error) {
	if len(b) == 0 || len(b) < 1+int(b[0]) {
		return "", nil, io.ErrUnexpectedEOF
	}
	return string(b[1 : 1+b[0]]), b[1+b[0]:], nil
}
