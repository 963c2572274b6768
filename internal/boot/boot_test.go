package boot_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/config"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/pebble"
	"github.com/hutch-dev/hutch/functions"
	"github.com/hutch-dev/hutch/functions/quickjs"
	"github.com/hutch-dev/hutch/internal/boot"
	"github.com/hutch-dev/hutch/internal/child"
	"github.com/hutch-dev/hutch/internal/contract"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

// exe is what children run: an ordinary build, as race binaries cannot be children.
var exe string

// witness holds each answer that a test gets against the description.
var witness = &contract.Witness{Next: http.DefaultTransport}

func TestMain(m *testing.M) { os.Exit(build(m)) }

func build(m *testing.M) int {
	http.DefaultClient.Transport = witness
	if exe = os.Getenv("HUTCH_BIN"); exe != "" {
		return mongotest.Main(m)
	}
	dir, err := os.MkdirTemp("", "hutch")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	exe = filepath.Join(dir, "hutch")
	cmd := exec.Command("go", "build", "-o", exe, "../../cmd/hutch")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		return 1
	}
	return mongotest.Main(m)
}

// folder is an app on disk.
type folder struct {
	dir, data string
	wrap      func(data.Store) data.Store
	runtime   func(boot.RuntimeOptions) (functions.Runtime, error)
	dev       bool
}

func newFolder(t *testing.T, pairs ...string) *folder {
	t.Helper()
	f := &folder{dir: filepath.Join(t.TempDir(), "app"), data: filepath.Join(t.TempDir(), "data")}
	if err := os.MkdirAll(f.data, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		f.write(t, pairs[i], pairs[i+1])
	}
	return f
}

func (f *folder) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(f.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (f *folder) config(t *testing.T) *config.Config {
	t.Helper()
	c, ds := config.Load(os.DirFS(f.dir), func(string) (string, bool) { return "", false })
	if c == nil {
		t.Fatal(ds)
	}
	return c
}

func (f *folder) options(t *testing.T) boot.Options {
	t.Helper()
	runtime := f.runtime
	if runtime == nil {
		runtime = func(o boot.RuntimeOptions) (functions.Runtime, error) {
			return quickjs.New(quickjs.Options{Children: 1, Isolation: o.Isolation, Exe: o.Exe, Log: o.Log})
		}
	}
	return boot.Options{
		Dir: f.dir, FS: os.DirFS(f.dir), DataDir: f.data, Config: f.config(t), Exe: exe, Dev: f.dev, Base: "http://127.0.0.1:1",
		Stores: []boot.Store{{Open: func(_ context.Context, o boot.StoreOptions) (data.Store, error) {
			s, err := pebble.Open(pebble.Options{Dir: o.Dir, Durability: pebble.Relaxed, Now: o.Now, FreeFloor: 1})
			if err != nil || f.wrap == nil {
				return s, err
			}
			return f.wrap(s), nil
		}}},
		Runtimes: []boot.Runtime{{Name: "js", Open: runtime}},
	}
}

// running is an app that serves.
type running struct {
	*boot.App
	url   string
	ended chan error
	stop  context.CancelFunc
}

func (f *folder) start(t *testing.T) *running {
	t.Helper()
	return f.startWith(t, f.options(t))
}

func (f *folder) startWith(t *testing.T, o boot.Options) *running {
	t.Helper()
	a, err := boot.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(witness.Watch(&contract.Site{
		Addr: ln.Addr().String(), Text: a.Server.Description, Report: func(err error) { t.Error("not as described:", err) },
	}))
	r := &running{App: a, url: "http://" + ln.Addr().String(), ended: make(chan error, 1), stop: stop}
	go func() { r.ended <- a.Serve(ctx, ln) }()
	t.Cleanup(func() { stop(); _ = a.Close() })
	return r
}

// ready waits until the app answers from its data.
func (r *running) ready(t *testing.T) *running {
	t.Helper()
	select {
	case <-r.Ready():
	case err := <-r.ended:
		t.Fatalf("ended: %v", err)
	case <-time.After(30 * time.Second):
		t.Fatal("not ready within 30 s")
	}
	return r
}

// end stops serving and closes, and gives what Serve gave.
func (r *running) end(t *testing.T) error {
	t.Helper()
	r.stop()
	select {
	case err := <-r.ended:
		return errors.Join(err, r.Close())
	case <-time.After(30 * time.Second):
		t.Fatal("does not end")
		return nil
	}
}

func (r *running) get(t *testing.T, path string) (int, string) {
	t.Helper()
	resp, err := http.Get(r.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func (r *running) count(t *testing.T, coll string) string {
	t.Helper()
	_, body := r.get(t, "/data/v1/docs/"+coll+"?limit=1&count=true")
	_, n, _ := strings.Cut(body, `"count":`)
	return strings.Trim(n, "}\n")
}

// slowStore does not configure the app's collections before it is let, and
// fails the commits it is told to.
type slowStore struct {
	data.Store
	hold   chan struct{} // nil: at once
	commit func(*data.Batch) error
}

func (s *slowStore) Configure(ctx context.Context, cs []data.Collection, prune bool) error {
	for _, c := range cs {
		if s.hold != nil && !strings.HasPrefix(c.Name, "_") {
			select {
			case <-s.hold:
			case <-ctx.Done():
				return ctx.Err()
			}
			break
		}
	}
	return s.Store.Configure(ctx, cs, prune)
}

func (s *slowStore) Commit(ctx context.Context, b *data.Batch) (data.Result, error) {
	if s.commit != nil {
		if err := s.commit(b); err != nil {
			return data.Result{}, err
		}
	}
	return s.Store.Commit(ctx, b)
}

func TestNotReadyBeforeIndexesAreIn(t *testing.T) {
	f := newFolder(t, "hutch.yaml", "name: x\nweb: web\ncollections: { a: { access: { read: true }, indexes: [{ fields: [b] }] } }\n", "web/index.html", "<p>here")
	hold := make(chan struct{})
	f.wrap = func(s data.Store) data.Store { return &slowStore{Store: s, hold: hold} }
	r := f.start(t)
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 503, "/data/v1/docs/a": 503, "/auth/v1/settings": 503, "/functions/v1/f": 405, "/": 200} {
		if status, body := r.get(t, path); status != want {
			t.Errorf("%s while starting: %d %s", path, status, body)
		}
	}
	close(hold)
	r.ready(t)
	for _, path := range []string{"/readyz", "/data/v1/docs/a", "/auth/v1/settings"} {
		if status, body := r.get(t, path); status != 200 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if err := r.end(t); err != nil {
		t.Error(err)
	}
}

func TestAStartCanBeCutShort(t *testing.T) {
	f := newFolder(t, "hutch.yaml", "name: x\ncollections: { a: {} }\n")
	f.wrap = func(s data.Store) data.Store { return &slowStore{Store: s, hold: make(chan struct{})} }
	if err := f.start(t).end(t); err != nil {
		t.Error(err)
	}
}

const seeded = "name: x\ncollections: { a: { access: { read: true } } }\nseed: { a: seed/a.jsonl }\n"

func lines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{\"n\":%d}\n", i)
	}
	return b.String()
}

func TestSeedsGoInOnce(t *testing.T) {
	f := newFolder(t, "hutch.yaml", seeded, "seed/a.jsonl", lines(501))
	r := f.start(t).ready(t)
	if got := r.count(t, "a"); got != "501" {
		t.Fatalf("%s documents", got)
	}
	if _, body := r.get(t, "/data/v1/docs/a?limit=3"); !strings.Contains(body, `"n":0}`) || !strings.Contains(body, `"n":2}`) {
		t.Errorf("the order of the file is lost: %s", body)
	}
	sys := hutch.WithPrincipal(t.Context(), hutch.Principal{Kind: hutch.System}.Sealed())
	page, err := r.Data.Query(sys, data.Query{From: "a", Limit: 1000}, data.Request{})
	if err != nil {
		t.Fatal(err)
	}
	var drop []data.Mutation
	for _, d := range page.Docs[:500] {
		drop = append(drop, data.Mutation{Op: data.OpDelete, In: "a", ID: data.Field(d, "_id").StringValue()})
	}
	if _, err := r.Data.Write(sys, drop, data.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := r.end(t); err != nil {
		t.Fatal(err)
	}
	if got := f.start(t).ready(t).count(t, "a"); got != "1" {
		t.Errorf("%s documents after a restart", got)
	}
}

func TestNoSeedForACollectionThatHasExisted(t *testing.T) {
	f := newFolder(t, "hutch.yaml", strings.Replace(seeded, "seed:", "#", 1), "seed/a.jsonl", lines(3))
	if err := f.start(t).ready(t).end(t); err != nil {
		t.Fatal(err)
	}
	f.write(t, "hutch.yaml", seeded)
	if got := f.start(t).ready(t).count(t, "a"); got != "0" {
		t.Errorf("%s documents", got)
	}
}

// TestSeedsGoOnAfterACrash: a start that dies in a seed is finished by the next.
func TestSeedsGoOnAfterACrash(t *testing.T) {
	f := newFolder(t, "hutch.yaml", seeded, "seed/a.jsonl", lines(900))
	crash := errors.New("crash")
	for fail := int64(0); ; fail++ {
		var seen atomic.Int64
		f.wrap = func(s data.Store) data.Store {
			return &slowStore{Store: s, commit: func(b *data.Batch) error {
				if len(b.Writes) > 100 && seen.Add(1) > fail {
					return crash
				}
				return nil
			}}
		}
		r := f.start(t)
		select {
		case err := <-r.ended:
			if !errors.Is(err, crash) {
				t.Fatalf("ended with %v", err)
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			continue
		case <-r.Ready():
		}
		if got := r.count(t, "a"); got != "900" || fail == 0 {
			t.Errorf("%s documents after %d crashes", got, fail)
		}
		return
	}
}

func TestAWrongSeedDoesNotStart(t *testing.T) {
	for text, want := range map[string]string{
		"{\"n\":1}\n{\"n\":\n":           "seed/a.jsonl:2:1",
		"{\"n\":1}\n\n{\"n\":2}\n":       "seed/a.jsonl:2:1",
		"[1]\n":                          "seed/a.jsonl:1:1",
		"{\"n\":\"one\"}\n":              "seed/a.jsonl:1:1",
		"{\"n\":1,\"$set\":{\"n\":2}}\n": "seed/a.jsonl:1:1",
	} {
		f := newFolder(t, "hutch.yaml", strings.Replace(seeded, "a: {", "a: { schema: a.json,", 1), "seed/a.jsonl", text,
			"a.json", `{"type":"object","properties":{"n":{"type":"integer"}}}`)
		_, err := boot.New(t.Context(), f.options(t))
		if e, ok := errors.AsType[*boot.ConfigError](err); !ok || !strings.Contains(e.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

const hooked = `name: x
collections: { a: { access: { read: true, create: true } } }
functions:
  f: { handler: f.ts, trigger: { http: GET /api/f }, auth: "true" }
  check: { handler: g.ts, trigger: { before: [create], collection: a } }
`

// TestS12NoIsolationNoFunctions: where children cannot be confined, serve runs
// no function and refuses hooked writes; dev warns and runs them.
func TestS12NoIsolationNoFunctions(t *testing.T) {
	f := newFolder(t, "hutch.yaml", hooked, "f.ts", "export default () => 'ran'\n", "g.ts", "export default () => {}\n")
	f.runtime = func(o boot.RuntimeOptions) (functions.Runtime, error) {
		if o.Isolation != child.Off {
			return nil, fmt.Errorf("starting: %w", child.ErrIsolation)
		}
		return quickjs.New(quickjs.Options{Children: 1, Isolation: o.Isolation, Exe: o.Exe})
	}
	post := func(r *running) int {
		resp, err := http.Post(r.url+"/data/v1/docs/a", "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	r := f.start(t).ready(t)
	if status, body := r.get(t, "/api/f"); status != 503 || !strings.Contains(body, `"unavailable"`) {
		t.Errorf("call: %d %s", status, body)
	}
	if status := post(r); status != 503 {
		t.Errorf("hooked write: %d", status)
	}
	if status, _ := r.get(t, "/data/v1/docs/a"); status != 200 {
		t.Errorf("read: %d", status)
	}
	if err := r.end(t); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(){
		"dev":            func() { f.dev = true },
		"isolation: off": func() { f.dev = false; f.write(t, "hutch.yaml", hooked+"isolation: off\n") },
	} {
		change()
		r := f.start(t).ready(t)
		if status, body := r.get(t, "/api/f"); status != 200 || body != `"ran"` {
			t.Errorf("%s: %d %s", name, status, body)
		}
		if status := post(r); status != 201 {
			t.Errorf("%s: hooked write: %d", name, status)
		}
		if err := r.end(t); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReload(t *testing.T) {
	f := newFolder(t, "hutch.yaml", hooked, "f.ts", "export default () => 'one'\n", "g.ts", "export default () => {}\n", "b.jsonl", lines(2))
	r := f.start(t).ready(t)
	f.write(t, "f.ts", "export default () => 'two'\n")
	f.write(t, "hutch.yaml", strings.Replace(hooked, "collections: {", "seed: { b: b.jsonl }\ncollections: { b: { access: { read: true } },", 1))
	if ds, err := r.Reload(t.Context(), f.config(t)); err != nil {
		t.Fatal(err, ds)
	}
	if _, body := r.get(t, "/api/f"); body != `"two"` {
		t.Errorf("function: %s", body)
	}
	if got := r.count(t, "b"); got != "2" {
		t.Errorf("a new collection has %s seeds", got)
	}
	f.write(t, "f.ts", "export default () => nowhere(\n")
	if _, err := r.Reload(t.Context(), f.config(t)); err == nil {
		t.Error("a broken function was taken")
	}
	f.write(t, "f.ts", "throw new Error('top')\n")
	if _, err := r.Reload(t.Context(), f.config(t)); err == nil {
		t.Error("a function that does not load was taken")
	}
	if _, body := r.get(t, "/api/f"); body != `"two"` {
		t.Errorf("after broken ones: %s", body)
	}
}
