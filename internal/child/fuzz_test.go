package child

import (
	"bufio"
	"bytes"
	"testing"
)

// FuzzFrame reads what a child that was taken over may write.
func FuzzFrame(f *testing.F) {
	var b bytes.Buffer
	w := &frameWriter{w: &b, max: maxUp}
	for _, fr := range []frame{{kind: kindHost, call: 1, sub: 2, body: []byte("in")}, {kind: kindResult, call: 1}} {
		if err := w.write(fr, "op"); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(b.Bytes())
	f.Add([]byte("fatal error: all goroutines are asleep"))
	f.Add([]byte{13, 0, 0, 0})
	f.Add([]byte{255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, in []byte) {
		r := bufio.NewReader(bytes.NewReader(in))
		for {
			fr, err := readFrame(r, 1<<10)
			if err != nil {
				return
			}
			if len(fr.body) > 1<<10 {
				t.Fatalf("a body of %d bytes", len(fr.body))
			}
			if name, rest, err := splitName(fr.body); err == nil && len(name)+len(rest)+1 != len(fr.body) {
				t.Fatalf("%q, %q of %q", name, rest, fr.body)
			}
		}
	})
}
