package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hutch-dev/hutch/internal/contract"
)

const password = "correct horse battery"

var built = sync.OnceValues(func() (string, error) {
	if bin := os.Getenv("HUTCH_BIN"); bin != "" {
		return bin, nil
	}
	dir, err := os.MkdirTemp("", "hutch-e2e")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "hutch")
	cmd := exec.Command("go", "build", "-o", bin, "../../cmd/hutch")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return bin, nil
})

// shop is the real binary serving an app.
type shop struct {
	t    *testing.T
	bin  string
	dir  string
	url  string
	args []string // of serve, besides folder and listener
	env  []string // besides the test's own
	cmd  *exec.Cmd
	log  *lines
	done chan struct{} // closed when the process has ended
}

// lines keeps what the server logs.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) add(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.WriteString(s + "\n")
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// petstore serves a copy of the example.
func petstore(t *testing.T) *shop {
	t.Helper()
	return serve(t, petstoreCopy(t))
}

func petstoreCopy(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "petstore")
	if err := os.CopyFS(dir, os.DirFS("../../examples/petstore")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, ".hutch")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// app serves a folder of the given files, name and text by turns.
func app(t *testing.T, files ...string) *shop {
	t.Helper()
	return serve(t, folder(t, files...))
}

func folder(t *testing.T, files ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "app")
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func serve(t *testing.T, dir string) *shop {
	t.Helper()
	bin, err := built()
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{t: t, bin: bin, dir: dir}
	s.start()
	t.Cleanup(s.stop)
	return s
}

var listening = regexp.MustCompile(`^listening on (http://\S+)$`)

// start runs the server and returns when it is ready.
func (s *shop) start() {
	s.t.Helper()
	listen := "127.0.0.1:0"
	if s.url != "" { // again: tokens name the address as their issuer
		listen = strings.TrimPrefix(s.url, "http://")
	}
	s.cmd = exec.Command(s.bin, append([]string{"serve", s.dir, "--listen", listen}, s.args...)...)
	s.cmd.Env = append(os.Environ(), s.env...)
	s.log, s.done = &lines{}, make(chan struct{})
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	urls := make(chan string, 1)
	go func() {
		defer close(s.done)
		sc := bufio.NewScanner(stderr)
		sc.Buffer(nil, 1<<20)
		for sc.Scan() {
			s.log.add(sc.Text())
			if m := listening.FindStringSubmatch(sc.Text()); m != nil {
				urls <- m[1]
			}
		}
		_ = s.cmd.Wait()
	}()
	select {
	case s.url = <-urls:
	case <-s.done:
		s.t.Fatalf("the server ended:\n%s", s.log)
	case <-time.After(30 * time.Second):
		s.t.Fatalf("the server never listened:\n%s", s.log)
	}
	s.witnessed()
	s.eventually("ready", func() bool { return s.do("GET", "/readyz", "", nil).status == 200 })
}

// kill is kill -9.
func (s *shop) kill() {
	_ = s.cmd.Process.Kill()
	<-s.done
}

func (s *shop) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
	case <-time.After(20 * time.Second):
		s.t.Error("the server did not end on SIGTERM")
		s.kill()
	}
	if s.t.Failed() {
		s.t.Logf("the server's log:\n%s", tail(s.log.String(), 40))
	}
}

func tail(s string, n int) string {
	all := strings.Split(s, "\n")
	return strings.Join(all[max(0, len(all)-n):], "\n")
}

// eventually waits for a condition.
func (s *shop) eventually(what string, ok func() bool) {
	s.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Now().After(deadline) {
			s.t.Fatalf("never: %s", what)
		}
		<-tick.C
	}
}

// answer is an HTTP answer.
type answer struct {
	status int
	header http.Header
	body   string
	err    error
}

// into decodes the body.
func (a answer) into(v any) {
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		panic(fmt.Sprintf("%v: %s", err, a.body))
	}
}

func (a answer) code() string {
	var e struct{ Code string }
	_ = json.Unmarshal([]byte(a.body), &e)
	return e.Code
}

// witness holds each answer that a test gets against the description.
var (
	witness = &contract.Witness{Next: &http.Transport{MaxIdleConnsPerHost: 256}}
	client  = &http.Client{Transport: witness, Timeout: time.Minute}
)

// witnessed has answers judged by what strangers are told, which names neither
// the app's own routes nor the operators'.
func (s *shop) witnessed() {
	var text atomic.Pointer[[]byte]
	at := s.url + "/openapi.json"
	s.t.Cleanup(witness.Watch(&contract.Site{
		Addr: strings.TrimPrefix(s.url, "http://"), Part: true, Report: func(err error) { s.t.Error("not as described:", err) },
		Text: func() []byte {
			if known := text.Load(); known != nil {
				return *known
			}
			res, err := (&http.Client{Transport: witness.Next, Timeout: time.Minute}).Get(at)
			if err != nil {
				return nil
			}
			defer res.Body.Close()
			b, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != http.StatusOK {
				return nil
			}
			text.CompareAndSwap(nil, &b)
			return *text.Load()
		},
	}))
}

// do sends a request; headers are name and value by turns.
func (s *shop) do(method, path, token string, body any, headers ...string) answer {
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	default:
		js, err := json.Marshal(b)
		if err != nil {
			panic(err)
		}
		r = bytes.NewReader(js)
	}
	req, err := http.NewRequest(method, s.url+path, r)
	if err != nil {
		panic(err)
	}
	if r != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := client.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(b), err}
}

// person is somebody who signed up.
type person struct{ uid, token string }

func (s *shop) signUp() person {
	s.t.Helper()
	a := s.do("POST", "/auth/v1/signup", "", map[string]string{"email": uuid.NewString() + "@example.test", "password": password})
	if a.status != 200 {
		s.t.Fatalf("sign-up: %d %s %v", a.status, a.body, a.err)
	}
	var session struct {
		AccessToken string `json:"access_token"`
		User        struct{ ID string }
	}
	a.into(&session)
	return person{session.User.ID, session.AccessToken}
}

// crowd signs n people up, side by side.
func (s *shop) crowd(n int) []person {
	s.t.Helper()
	out := make([]person, n)
	gate := make(chan struct{}, 16)
	var wg sync.WaitGroup
	for i := range out {
		gate <- struct{}{}
		wg.Go(func() {
			defer func() { <-gate }()
			out[i] = s.signUp()
		})
	}
	wg.Wait()
	return out
}

// key makes a service key of scope data.
func (s *shop) key(flags ...string) string {
	s.t.Helper()
	cmd := exec.Command(s.bin, append(append([]string{"key", "create"}, flags...), "test", s.dir)...)
	cmd.Env = append(os.Environ(), s.env...)
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func (s *shop) buy(p person, product string, quantity int, key string) answer {
	return s.do("POST", "/functions/v1/purchase", p.token, map[string]any{"productId": product, "quantity": quantity}, "Idempotency-Key", key)
}

// stock and orders are counted with a service key.
func (s *shop) stock(key, product string) int {
	s.t.Helper()
	a := s.do("GET", "/data/v1/docs/products/"+product, key, nil)
	var d struct{ Stock int }
	a.into(&d)
	return d.Stock
}

func (s *shop) orders(key, product string) (orders, quantity int) {
	s.t.Helper()
	after := ""
	for {
		q := map[string]any{"from": "orders", "where": map[string]any{"product": product}, "limit": 1000}
		if after != "" {
			q["after"] = after
		}
		a := s.do("POST", "/data/v1/query", key, q)
		var page struct {
			Docs []struct{ Quantity int }
			Next *string
		}
		a.into(&page)
		for _, d := range page.Docs {
			orders++
			quantity += d.Quantity
		}
		if page.Next == nil {
			return orders, quantity
		}
		after = *page.Next
	}
}
