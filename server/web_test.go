package server_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/hutch-dev/hutch/server"
)

// webOf makes a web folder.
func webOf(t testing.TB, files map[string]string) *server.Web {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "web")
	for name, body := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return &server.Web{Dir: dir}
}

// TestS13HostilePaths: nothing but the pages leaves the web folder.
func TestS13HostilePaths(t *testing.T) {
	w := webOf(t, map[string]string{
		"index.html": "<p>shop", "style.css": "b{}", ".env": "SECRET", ".git/config": "SECRET", "sub/.hidden/x.txt": "SECRET", "sub/.x": "SECRET",
		"main.ts": "SECRET", "main.tsx": "SECRET", "MAIN.TS": "SECRET", "hutch.yaml": "SECRET", "rules.yml": "SECRET", "node_modules/a.js": "SECRET",
		"sub/node_modules/a.js": "SECRET", "main.js.map": "SECRET", "a\\b.txt": "SECRET", "a%b.txt": "SECRET", ".hutch/db": "SECRET", ".well-known/a.txt": "fine", "sub/page.html": "<p>sub",
	})
	outside := filepath.Join(filepath.Dir(w.Dir), "outside.txt")
	if err := os.WriteFile(outside, []byte("SECRET"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{
		"link.txt": outside, "up.txt": "../outside.txt", "dirlink": filepath.Dir(w.Dir), "proc.txt": "/proc/self/environ",
	} {
		if err := os.Symlink(to, filepath.Join(w.Dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(w.Dir, "pipe.txt"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := start(t, func(o *server.Options) { o.Parts.Web = w })
	for _, p := range []string{
		"/.env", "/%2eenv", "/%2Eenv", "/.git/config", "/sub/.hidden/x.txt", "/sub/.x", "/main.ts", "/main.tsx", "/MAIN.TS", "/main.%74s", "/hutch.yaml", "/rules.yml",
		"/node_modules/a.js", "/Node_Modules/a.js", "/sub/node_modules/a.js", "/main.js.map", "/a%5cb.txt", "/a\\b.txt", "/a%25b.txt", "/a%2525b.txt", "/.hutch/db",
		"/link.txt", "/up.txt", "/dirlink/outside.txt", "/dirlink", "/proc.txt", "/pipe.txt", "/../outside.txt", "/%2e%2e/outside.txt", "/sub/..%2f..%2foutside.txt",
		"/sub/%2e%2e/%2e%2e/outside.txt", "/..%5coutside.txt", "/index.html%00.txt", "//etc/passwd", "/etc/passwd", "/sub//page.html", "/./style.css", "/style.css/", "/style.css/x",
		"/.well-known/../.env", "/sub", "/" + strings.Repeat("x", 300), "/%ff", "/;/../.env",
	} {
		resp, body, _ := send(t, s.addr, "GET "+p+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if resp.StatusCode != 404 && resp.StatusCode != 400 || strings.Contains(body, "SECRET") || strings.Contains(body, "root:") {
			t.Errorf("%s: %d %s", p, resp.StatusCode, body)
		}
		if err := flat(resp.Header, body); err != "" {
			t.Errorf("%s: %s", p, err)
		}
	}
	for p, want := range map[string]string{
		"/": "<p>shop", "/index.html": "<p>shop", "/style.css": "b{}", "/sub/page.html": "<p>sub", "/.well-known/a.txt": "fine", "/style%2ecss": "b{}",
	} {
		if a := s.do(t, "", "GET", p, ""); a.StatusCode != 200 || a.body != want {
			t.Errorf("%s: %d %s", p, a.StatusCode, a.body)
		}
	}
}

// TestS13SourceMapsInDevOnly: serve keeps them.
func TestS13SourceMapsInDevOnly(t *testing.T) {
	w := webOf(t, map[string]string{"main.js.map": "{}", "main.ts": "SECRET"})
	s := start(t, func(o *server.Options) { o.Parts.Web, o.Dev = w, true })
	if a := s.do(t, "", "GET", "/main.js.map", ""); a.StatusCode != 200 {
		t.Error("dev keeps source maps:", a.StatusCode)
	}
	if a := s.do(t, "", "GET", "/main.ts", ""); a.StatusCode != 404 {
		t.Error("dev serves sources:", a.StatusCode)
	}
}

// TestPagesOfTheApp: fallback, bundles, tags, compression, methods.
func TestPagesOfTheApp(t *testing.T) {
	big := strings.Repeat("words and words ", 500)
	w := webOf(t, map[string]string{"index.html": "<p>file", "big.txt": big, "functions.html": "x"})
	w.Built = map[string][]byte{"index.html": []byte("<p>built"), "main.js": []byte("go()")}
	s := start(t, func(o *server.Options) { o.Parts.Web = w })
	html := []string{"Accept", "text/html,*/*;q=0.8"}

	t.Run("built pages stand before files", func(t *testing.T) {
		if a := s.do(t, "", "GET", "/", "", "Accept", "application/json"); a.body != "<p>built" || a.Header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Fatal(a.body, a.Header)
		}
		if a := s.do(t, "", "GET", "/main.js", ""); a.body != "go()" || a.Header.Get("Content-Type") != "text/javascript; charset=utf-8" {
			t.Fatal(a.body, a.Header)
		}
	})
	t.Run("paths of the page's own making get the page", func(t *testing.T) {
		for _, p := range []string{"/cart", "/orders/12", "/datax"} {
			if a := s.do(t, "", "GET", p, "", html...); a.StatusCode != 200 || a.body != "<p>built" {
				t.Fatal(p, a.StatusCode, a.body)
			}
			if a := s.do(t, "", "HEAD", p, "", html...); a.StatusCode != 200 || a.body != "" {
				t.Fatal(p, a.StatusCode, a.body)
			}
			if a := s.do(t, "", "GET", p, "", "Accept", "*/*"); a.StatusCode != 404 {
				t.Fatal(p, a.StatusCode)
			}
			if a := s.do(t, "", "POST", p, "{}", html...); a.StatusCode != 404 {
				t.Fatal(p, a.StatusCode)
			}
		}
	})
	t.Run("never below the system's paths", func(t *testing.T) {
		for _, p := range []string{
			"/data/x", "/auth/x", "/functions/x", "/realtime/x", "/storage/x", "/admin/x", "/_/x", "/.well-known/x", "/hutch/x", "/healthz/x", "/readyz/x", "/metrics/x", "/openapi.json/x", "/data", "/_",
		} {
			if a := s.do(t, "", "GET", p, "", html...); a.StatusCode != 404 || strings.Contains(a.body, "built") {
				t.Error(p, a.StatusCode, a.body)
			}
		}
	})
	t.Run("an unchanged page is 304", func(t *testing.T) {
		a := s.do(t, "", "GET", "/big.txt", "")
		tag := a.Header.Get("ETag")
		if a.body != big || tag == "" || a.Header.Get("Cache-Control") != "no-cache" {
			t.Fatal(len(a.body), a.Header)
		}
		if b := s.do(t, "", "GET", "/big.txt", "", "If-None-Match", `"x", W/`+tag); b.StatusCode != 304 || b.body != "" || b.Header.Get("ETag") != tag {
			t.Fatal(b.StatusCode, b.Header)
		}
		if b := s.do(t, "", "GET", "/big.txt", "", "If-None-Match", `"other"`); b.StatusCode != 200 {
			t.Fatal(b.StatusCode)
		}
		z := s.do(t, "", "GET", "/big.txt", "", "Accept-Encoding", "gzip")
		if z.Header.Get("Content-Encoding") != "gzip" || len(z.body) > 500 || z.Header.Get("ETag") == tag || !strings.Contains(z.Header.Get("Vary"), "Accept-Encoding") {
			t.Fatal(len(z.body), z.Header)
		}
	})
	t.Run("a changed file is served anew", func(t *testing.T) {
		if err := os.WriteFile(filepath.Join(w.Dir, "big.txt"), []byte("new"), 0o644); err != nil {
			t.Fatal(err)
		}
		if a := s.do(t, "", "GET", "/big.txt", ""); a.body != "new" {
			t.Fatal(a.body)
		}
	})
	t.Run("pages are read, not written", func(t *testing.T) {
		a := s.do(t, "", "POST", "/main.js", "{}")
		if a.StatusCode != 405 || a.Header.Get("Allow") != "GET, HEAD" {
			t.Fatal(a.StatusCode, a.Header)
		}
	})
	t.Run("a reload replaces the pages at once", func(t *testing.T) {
		if err := s.Use(server.Parts{Web: &server.Web{Built: map[string][]byte{"index.html": []byte("<p>second")}}}); err != nil {
			t.Fatal(err)
		}
		if a := s.do(t, "", "GET", "/", ""); a.body != "<p>second" {
			t.Fatal(a.body)
		}
		if a := s.do(t, "", "GET", "/main.js", ""); a.StatusCode != http.StatusNotFound {
			t.Fatal(a.StatusCode)
		}
	})
}
