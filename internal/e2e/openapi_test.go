package e2e_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/internal/contract"
)

// caller is who asks, where, and what of the description he asks.
type caller struct {
	name    string
	url     string
	headers []string // name: value
	asks    func(service, method, path string) bool
}

// TestRandomRequestsAreAnsweredAsDescribed has schemathesis make requests of the whole description, good
// and bad ones, as everybody who may come: no answer is a fault, none contradicts
// the description. The seed is in the log, one and the same unless HUTCH_SEED
// sets it; HUTCH_LONG gives it so much time.
func TestRandomRequestsAreAnsweredAsDescribed(t *testing.T) {
	if testing.Short() {
		t.Skip("a minute of requests")
	}
	s := &shop{t: t, dir: petstoreCopy(t), env: []string{"HUTCH_ADMIN_LISTEN=127.0.0.1:0"}}
	s.configure("admin: { mfa: optional }") // else the operator's session is half of one
	s.withMail()
	bin, err := built()
	if err != nil {
		t.Fatal(err)
	}
	s.bin = bin
	s.start()
	t.Cleanup(s.stop)
	ops := s.opsKey()
	a := s.do("GET", "/openapi.json", ops, nil)
	if a.status != 200 {
		t.Fatal(a.status, a.body)
	}
	desk, cookie := s.operator()
	h := s.furnish(desk, cookie)
	user := s.guarded(h)
	bearer := func(token string) []string { return []string{"Authorization: Bearer " + token} }
	callers := []caller{ // the operator last: what he deletes may be another's key
		{"guest", s.url, nil, outside},
		{"user", s.url, bearer(user), func(service, method, path string) bool {
			return outside(service, method, path) && staysIn(service, method, path)
		}},
		{"data key", s.url, bearer(s.key()), func(service, _, _ string) bool { return service == "data" }},
		{"auth key", s.url, bearer(s.key("--scope", "auth")), func(_, _, path string) bool { return ofAuthKeys.MatchString(path) }},
		{"ops key", s.url, bearer(ops), func(_, _, path string) bool { return ofOpsKeys.MatchString(path) }},
		{
			"operator", desk,
			[]string{"Cookie: " + cookie, "X-Hutch-Admin: 1", "Sec-Fetch-Site: same-origin"},
			func(service, method, path string) bool { return service == "admin" && staysIn(service, method, path) },
		},
	}
	got, all := reached{}, operations(t, a.body)
	seed := os.Getenv("HUTCH_SEED")
	if seed == "" {
		seed = "1" // ./test.sh long draws others
	}
	args := []string{"--max-examples", strconv.Itoa(2 * atLeast), "--phases", "examples,fuzzing"} // its phase of coverage takes a second an operation
	life := 10 * time.Minute
	long, err := time.ParseDuration(os.Getenv("HUTCH_LONG"))
	timed := err == nil // how often each is asked is then the time's to say
	if timed {
		args, life = []string{"--max-examples", "400", "--max-time", strconv.Itoa(int(long.Seconds() / float64(len(callers))))}, long+5*time.Minute
	}
	for _, c := range callers {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "openapi.json")
			if err := os.WriteFile(file, described(t, a.body, &c, h), 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithTimeout(t.Context(), life)
			defer stop()
			run := []string{
				"-ec", `. scripts/tools.sh; need_python_packages internal/e2e/openapi/requirements.txt >&2; exec python3 -B internal/e2e/openapi/run.py "$@"`, "run.py",
				file, "--url", c.url, "--seed", seed, "--workers", "1", "--no-shrink", "--continue-on-failure", "--request-timeout", "20", "--generation-database", "none", "--no-color", "--suppress-health-check", "all",
				"--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance",
			}
			har := filepath.Join(filepath.Dir(file), "asked.har")
			run = append(run, "--report", "har", "--report-har-path", har)
			for _, header := range c.headers {
				run = append(run, "--header", header)
			}
			cmd := exec.CommandContext(ctx, "bash", append(run, args...)...)
			cmd.Dir = filepath.Join("..", "..")
			out, err := cmd.CombinedOutput()
			t.Logf("seed %s\n%s", seed, out)
			if err != nil {
				t.Error(err)
			}
			got.count(t, har, slices.Collect(maps.Keys(all)))
		})
	}
	var never, lost []string
	for op, varied := range all {
		method, path, _ := strings.Cut(op, " ")
		n, want := 0, 1
		for _, times := range got[op] {
			n += times
		}
		if varied {
			want = atLeast
		}
		if n < want && !timed && staysIn("", strings.ToLower(method), path) {
			t.Errorf("%s was asked %d times, not %d", op, n, want)
		}
		if got[op][2] > 0 {
			continue
		}
		if never = append(never, op); h.whole[op] {
			lost = append(lost, op)
		}
	}
	slices.Sort(never)
	if len(lost) > len(h.whole)/10 && !timed { // a few: other requests delete what these ask for
		t.Errorf("requests for what there is that never went well: %q", lost)
	}
	t.Logf("%d operations; %d were asked for what there is, %d never went well:\n%s", len(all), len(h.whole), len(never), strings.Join(never, "\n"))
}

// configure adds a line to the shop's config.
func (s *shop) configure(line string) {
	s.t.Helper()
	f, err := os.OpenFile(filepath.Join(s.dir, "hutch.yaml"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("\n" + line + "\n"); err != nil {
		s.t.Fatal(err)
	}
}

// atLeast is how often each operation is asked that has anything to vary.
const atLeast = 2

var (
	ofAuthKeys = regexp.MustCompile(`^/admin/v1/auth/|^/auth/v1/(admin/|invite$|generate_link)`)
	ofOpsKeys  = regexp.MustCompile(`^/admin/v1/(audit|live|metrics|overview|runs|logs|tail)(/\{|$)|^/(metrics|readyz|openapi\.json)$`)
)

// outside leaves out what the app's origin has for keys alone; that it is refused
// to others is the table of server's tests.
func outside(service, _, path string) bool {
	return service != "admin" && !ofAuthKeys.MatchString(path)
}

// operations are the "METHOD path" of a description, and whether requests of them differ.
func operations(t *testing.T, text string) map[string]bool {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters  []json.RawMessage
			RequestBody json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for path, item := range doc.Paths {
		for method, op := range item {
			out[strings.ToUpper(method)+" "+path] = len(op.Parameters) > 0 || op.RequestBody != nil
		}
	}
	return out
}

// staysIn leaves out what would end the caller's session, or everybody's.
func staysIn(_, method, path string) bool {
	leaving := []string{
		"delete /auth/v1/user", "post /auth/v1/logout", "delete /auth/v1/sessions/{id}", "put /auth/v1/user",
		"delete /admin/v1/session", "post /admin/v1/session", "post /admin/v1/session/confirm", "post /admin/v1/setup",
		"delete /admin/v1/account/sessions", "delete /admin/v1/account/sessions/{id}", "post /admin/v1/account/password", "post /admin/v1/account/totp",
		"post /admin/v1/session/totp", "post /admin/v1/signing/rotate",
	}
	return !slices.Contains(leaving, method+" "+path)
}

// described is the description as a caller asks it. Objects in it are closed:
// schemas let others through, so that a version may add fields; here none may be
// that is not described.
func described(t *testing.T, text string, c *caller, h *things) []byte {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	paths := doc["paths"].(map[string]any)
	asked := 0
	for path, item := range paths {
		item := item.(map[string]any)
		maps.DeleteFunc(item, func(method string, op any) bool {
			return !c.asks(op.(map[string]any)["tags"].([]any)[0].(string), method, path)
		})
		for method, op := range item {
			h.exemplify(method, path, op.(map[string]any))
		}
		if asked += len(item); len(item) == 0 {
			delete(paths, path)
		}
	}
	t.Logf("%s asks %d operations", c.name, asked)
	contract.Close(doc["components"])
	contract.Close(paths)
	out, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var setupFile = regexp.MustCompile(`the link in (\S+) makes one`)

// operator uses the link of a fresh server: the origin of its dashboard, and a
// session's cookie.
func (s *shop) operator() (origin, cookie string) {
	s.t.Helper()
	s.eventually("a link for the first operator", func() bool { return setupFile.MatchString(s.log.String()) })
	_, rest, _ := strings.Cut(s.log.String(), "dashboard on ")
	line, _, _ := strings.Cut(rest, "\n")
	origin = strings.TrimSuffix(line, "/_/")
	link, err := os.ReadFile(setupFile.FindStringSubmatch(s.log.String())[1])
	if err != nil {
		s.t.Fatal(err)
	}
	_, token, _ := strings.Cut(strings.TrimSpace(string(link)), "#")
	body, err := json.Marshal(map[string]string{"token": token, "email": "ann@ops.example", "password": "an operator's password"})
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, origin+"/admin/v1/setup", strings.NewReader(string(body)))
	if err != nil {
		s.t.Fatal(err)
	}
	for k, v := range map[string]string{"Sec-Fetch-Site": "same-origin", "X-Hutch-Admin": "1", "Content-Type": "application/json"} {
		req.Header.Set(k, v)
	}
	res, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if cookie, _, _ = strings.Cut(res.Header.Get("Set-Cookie"), ";"); res.StatusCode != 200 || cookie == "" {
		s.t.Fatal("the first operator: ", res.Status)
	}
	return origin, cookie
}
