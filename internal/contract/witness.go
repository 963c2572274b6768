package contract

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Witness is a transport that holds each answer against the description of the
// server it comes from, when its body has been read.
type Witness struct {
	Next http.RoundTripper

	mu    sync.Mutex // guards the rest
	sites map[string]*Site
	read  map[string]*Contract // by text
	well  map[string]bool      // operations that went well
}

// Site is a server that is watched.
type Site struct {
	Addr   string        // host:port
	Text   func() []byte // its description as of now; nil: it has none yet, and nothing is judged
	Report func(error)
	Part   bool                                    // what Text does not name may be there all the same
	Skip   func(operation string, status int) bool // answers nobody describes; nil: none

	last     *byte // of the text
	contract *Contract
}

// Watch watches a server until the end; an address has one at a time.
func (w *Witness) Watch(s *Site) (end func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sites == nil {
		w.sites, w.read, w.well = map[string]*Site{}, map[string]*Contract{}, map[string]bool{}
	}
	w.sites[s.Addr] = s
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.sites[s.Addr] == s {
			delete(w.sites, s.Addr)
		}
	}
}

// RoundTrip sends a request.
func (w *Witness) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := w.Next.RoundTrip(r)
	if err == nil && r.Method != http.MethodOptions {
		w.Saw(res)
	}
	return res, err
}

// Saw judges an answer that came another way; its body when it has been read.
func (w *Witness) Saw(res *http.Response) {
	w.mu.Lock()
	s := w.sites[res.Request.URL.Host]
	w.mu.Unlock()
	if s == nil {
		return
	}
	c, err := w.contract(s)
	if err != nil {
		s.Report(err)
	}
	if c == nil {
		return
	}
	if res.StatusCode == http.StatusSwitchingProtocols || res.Body == nil || res.Body == http.NoBody {
		w.judge(s, c, res, nil, res.Request.Method != http.MethodHead)
		return
	}
	res.Body = &witnessed{ReadCloser: res.Body, judge: func(body []byte, whole bool) { w.judge(s, c, res, body, whole) }}
}

func (w *Witness) contract(s *Site) (*Contract, error) {
	text := s.Text()
	if text == nil {
		return nil, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(text) > 0 && s.last == &text[0] {
		return s.contract, nil
	}
	c := w.read[string(text)]
	if c == nil {
		var err error
		if c, err = Read(text); err != nil {
			return nil, fmt.Errorf("the description: %w", err)
		}
		w.read[string(text)] = c
	}
	s.last, s.contract = &text[0], c // Read took it: it is not empty
	return c, nil
}

func (w *Witness) judge(s *Site, c *Contract, res *http.Response, body []byte, whole bool) {
	a := &answer{res.StatusCode, res.Header, body, whole}
	method, path := res.Request.Method, res.Request.URL.EscapedPath()
	asked := method
	if method == http.MethodHead {
		asked = http.MethodGet
	}
	op, known := c.find(asked, path)
	if op == nil || s.Skip != nil && s.Skip(op.name(), a.status) {
		isFailure := known || !s.Part && strings.HasPrefix(a.header.Get("Content-Type"), "application/json")
		if op != nil || !isFailure || a.status < 400 || method == http.MethodHead {
			return
		}
		if err := c.valid(c.failure, a); err != nil && whole {
			s.Report(fmt.Errorf("%s %s: %w", method, path, err))
		}
		return
	}
	if err := c.check(op, a); err != nil {
		s.Report(fmt.Errorf("%s (%s %s): %w", op.name(), method, path, err))
	} else if a.status < 400 && method != http.MethodHead {
		w.mu.Lock()
		w.well[op.name()] = true
		w.mu.Unlock()
	}
}

// Never are the operations of a list that never went well.
func (w *Witness) Never(operations []string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := []string{}
	for _, op := range operations {
		if !w.well[op] {
			out = append(out, op)
		}
	}
	slices.Sort(out)
	return out
}

// witnessed keeps a body as it is read.
type witnessed struct {
	io.ReadCloser
	text  bytes.Buffer
	judge func(body []byte, whole bool)
	done  bool
}

func (b *witnessed) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if !b.done {
		b.text.Write(p[:n])
		if errors.Is(err, io.EOF) {
			b.over(true)
		}
	}
	return n, err
}

// Close judges what was read of a body whose reader left early.
func (b *witnessed) Close() error {
	if !b.done {
		b.over(false)
	}
	return b.ReadCloser.Close()
}

func (b *witnessed) over(whole bool) {
	b.done = true
	b.judge(b.text.Bytes(), whole)
}
