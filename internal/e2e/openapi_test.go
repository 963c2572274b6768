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
// the description. The seed is in the log; HUTCH_SEED sets it, HUTCH_LONG gives it
// so much time.
func TestRandomRequestsAreAnsweredAsDescribed(t *testing.T) {
	if testing.Short() {
		t.Skip("a minute of requests")
	}
	s := &shop{t: t, dir: petstoreCopy(t), env: []string{"HUTCH_ADMIN_LISTEN=127.0.0.1:0"}}
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
	people := s.crowd(2)
	callers := []caller{
		{"guest", s.url, nil, func(string, string, string) bool { return true }},
		{"user", s.url, []string{"Authorization: Bearer " + people[0].token}, staysIn},
		{"ops key", s.url, []string{"Authorization: Bearer " + ops}, func(string, string, string) bool { return true }},
		{
			"operator", desk,
			[]string{"Cookie: " + cookie, "X-Hutch-Admin: 1", "Sec-Fetch-Site: same-origin"},
			func(service, method, path string) bool {
				return service != "auth" && service != "app" && staysIn(service, method, path)
			},
		},
	}
	seed := os.Getenv("HUTCH_SEED")
	if seed == "" {
		seed = strconv.FormatInt(time.Now().Unix()%1_000_000, 10)
	}
	args := []string{"--max-examples", "6", "--phases", "examples,coverage,fuzzing", "--max-time", "20"}
	life := 4 * time.Minute
	if long, err := time.ParseDuration(os.Getenv("HUTCH_LONG")); err == nil {
		args, life = []string{"--max-examples", "400", "--max-time", strconv.Itoa(int(long.Seconds() / 4))}, long+5*time.Minute
	}
	for _, c := range callers {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "openapi.json")
			if err := os.WriteFile(file, described(t, a.body, &c), 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithTimeout(t.Context(), life)
			defer stop()
			run := []string{
				"-ec", `. scripts/tools.sh; need_python_packages internal/e2e/openapi/requirements.txt >&2; exec python3 -B internal/e2e/openapi/run.py "$@"`, "run.py",
				file, "--url", c.url, "--seed", seed, "--workers", "2", "--no-shrink", "--continue-on-failure", "--request-timeout", "20", "--generation-database", "none", "--no-color",
				"--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance",
			}
			for _, h := range c.headers {
				run = append(run, "--header", h)
			}
			cmd := exec.CommandContext(ctx, "bash", append(run, args...)...)
			cmd.Dir = filepath.Join("..", "..")
			out, err := cmd.CombinedOutput()
			t.Logf("seed %s\n%s", seed, out)
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// staysIn leaves out what would end the caller's session.
func staysIn(_, method, path string) bool {
	leaving := []string{
		"delete /auth/v1/user", "post /auth/v1/logout", "delete /auth/v1/sessions/{id}", "put /auth/v1/user",
		"delete /admin/v1/session", "post /admin/v1/session", "post /admin/v1/session/confirm", "post /admin/v1/setup",
		"delete /admin/v1/account/sessions", "delete /admin/v1/account/sessions/{id}", "post /admin/v1/account/password", "post /admin/v1/account/totp",
	}
	return !slices.Contains(leaving, method+" "+path)
}

// described is the description as a caller asks it. Objects in it are closed:
// schemas let others through, so that a version may add fields; here none may be
// that is not described.
func described(t *testing.T, text string, c *caller) []byte {
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
		if asked += len(item); len(item) == 0 {
			delete(paths, path)
		}
	}
	t.Logf("%s asks %d operations", c.name, asked)
	closeObjects(doc["components"])
	closeObjects(paths)
	out, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func closeObjects(v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			closeObjects(e)
		}
	case map[string]any:
		_, open := v["additionalProperties"]
		if _, props := v["properties"].(map[string]any); props && v["type"] == "object" && !open {
			v["additionalProperties"] = false
		}
		for _, e := range v {
			closeObjects(e)
		}
	}
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
