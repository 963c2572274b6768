package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// until asks until f holds.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !f(); {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

func TestDevReloads(t *testing.T) {
	const yaml = `name: x
web: web
collections: { a: { access: { list: "false" } } }
functions: { hello: { handler: functions/hello.ts, trigger: { http: "GET /api/hello" }, auth: "true" } }
`
	dir := app(t, "hutch.yaml", yaml, "functions/hello.ts", "export default () => 'one'\n",
		"web/index.html", `<p>one<script type="module" src="/main.ts"></script>`, "web/main.ts", "import { text } from './text.ts'\nconsole.log(text as string)\n", "web/text.ts", "export const text = 'first'\n")
	p := start(t, nil, "dev", dir)
	page := func(path, want string) func() bool {
		return func() bool { _, body := get(t, p.url+path); return strings.Contains(body, want) }
	}
	if !page("/", `src="/main.js"`)() || !page("/main.js", "first")() || !page("/api/hello", `"one"`)() {
		t.Fatal("the first version is not served")
	}
	if status, _ := get(t, p.url+"/main.ts"); status == 200 {
		t.Error("a source is served")
	}

	t.Run("a function", func(t *testing.T) {
		write(t, filepath.Join(dir, "functions/hello.ts"), "import { word } from './lib/word.ts'\nexport default () => word\n")
		write(t, filepath.Join(dir, "functions/lib/word.ts"), "export const word = 'two'\n")
		until(t, "the new function", page("/api/hello", `"two"`))
		write(t, filepath.Join(dir, "functions/lib/word.ts"), "export const word = 'three'\n")
		until(t, "an import of it, in a new folder", page("/api/hello", `"three"`))
	})
	t.Run("a page and its script", func(t *testing.T) {
		write(t, filepath.Join(dir, "web/index.html"), `<p>two<script type="module" src="/main.ts"></script>`)
		until(t, "the page", page("/", "<p>two"))
		write(t, filepath.Join(dir, "web/text.ts"), "export const text = 'second'\n")
		until(t, "the script", page("/main.js", "second"))
	})
	t.Run("rules", func(t *testing.T) {
		if status, _ := get(t, p.url+"/data/v1/docs/a"); status != 401 {
			t.Errorf("before: %d", status)
		}
		write(t, filepath.Join(dir, "hutch.yaml"), strings.Replace(yaml, `list: "false"`, `list: "true"`, 1))
		until(t, "the new rule", func() bool { status, _ := get(t, p.url+"/data/v1/docs/a"); return status == 200 })
	})
	t.Run("what does not work changes nothing", func(t *testing.T) {
		for _, broken := range []struct{ file, text, say string }{
			{"hutch.yaml", "nmae: x\n", "did you mean \"name\"?"},
			{"hutch.yaml", strings.Replace(yaml, `list: "false"`, `list: "flase"`, 1), `unknown name "flase"`},
			{"functions/hello.ts", "export default (\n", "functions/hello.ts:"},
			{"functions/hello.ts", "throw new Error('top')\nexport default () => 1\n", "top"},
			{"web/main.ts", "import 'nowhere'\n", "nowhere"},
		} {
			path := filepath.Join(dir, broken.file)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			write(t, path, broken.text)
			p.await(t, broken.say)
			if status, _ := get(t, p.url+"/data/v1/docs/a"); status != 200 || !page("/api/hello", `"three"`)() || !page("/main.js", "second")() {
				t.Errorf("%s: the old version is gone", broken.text)
			}
			write(t, path, string(before))
		}
	})
	if code := p.stop(t); code != 0 {
		t.Errorf("exit %d:\n%s", code, p.text())
	}
}

// TestS64DotenvIsForDevAlone: .env is read by dev, overrides nothing, and shows
// nowhere.
func TestS64DotenvIsForDevAlone(t *testing.T) {
	yaml := "name: ${APP}\npublicUrl: ${URL}\n"
	dir := app(t, "hutch.yaml", yaml, ".env", "# dev\nAPP=notes\nexport URL=\"http://localhost:1\"\nQUOTED='a b'\n")
	if r := hutch(t, "serve", "--listen", "127.0.0.1:0", dir); r.code != 3 || !strings.Contains(r.err, "the variable APP is not set") {
		t.Errorf("serve: %+v", r)
	}
	p := start(t, []string{"URL=http://localhost:2"}, "dev", dir)
	if _, body := get(t, p.url+"/.well-known/openid-configuration"); !strings.Contains(body, `"issuer":"http://localhost:2`) {
		t.Errorf("discovery: %s", body)
	}
	p.stop(t)
	write(t, filepath.Join(dir, ".env"), "APP=notes\nhunter2 is no line\n")
	if r := hutch(t, "dev", "--listen", "127.0.0.1:0", dir); r.code != 3 || !strings.Contains(r.err, ".env:2") || strings.Contains(r.err, "hunter2") {
		t.Errorf("a bad line: %+v", r)
	}
	write(t, filepath.Join(dir, ".env"), "APP=Hunter2\nURL=hunter2\n")
	if r := hutch(t, "dev", "--listen", "127.0.0.1:0", dir); r.code != 3 || strings.Contains(strings.ToLower(r.err), "hunter2") {
		t.Errorf("values: %+v", r)
	}
}

// TestS62OnlyTheAppIsBundled: code and pages import from their folders alone,
// and no variable gets in but PUBLIC_ ones.
func TestS62OnlyTheAppIsBundled(t *testing.T) {
	yaml := "name: x\nweb: web\nfunctions: { f: { handler: functions/f.ts, trigger: { http: GET /api/f }, auth: \"true\" } }\n"
	base := []string{
		"hutch.yaml", yaml, "functions/f.ts", "export default () => [process.env.SECRET ?? null, process.env.PUBLIC_A ?? null]\n", "secret.json", `{"a":1}`,
		"web/index.html", `<script type="module" src="main.ts"></script>`, "web/main.ts", "console.log(process.env.SECRET, process.env.PUBLIC_A)\n",
	}
	for name, text := range map[string]string{
		"web/main.ts":    "import s from '../secret.json'\nconsole.log(s)\n",
		"functions/f.ts": "import s from '../../outside.json'\nexport default () => s\n",
	} {
		dir := app(t, append(base, name, text)...)
		write(t, filepath.Join(filepath.Dir(dir), "outside.json"), "{}")
		if r := hutch(t, "check", dir); r.code != 4 || !strings.Contains(r.err, name) {
			t.Errorf("%s: %+v", name, r)
		}
	}
	dir := app(t, base...)
	p := start(t, []string{"SECRET=hunter2", "PUBLIC_A=shown"}, "serve", dir)
	if _, body := get(t, p.url+"/main.js"); strings.Contains(body, "hunter2") || !strings.Contains(body, "shown") {
		t.Errorf("page: %s", body)
	}
	if _, body := get(t, p.url+"/api/f"); body != "[null,null]" {
		t.Errorf("function: %s", body)
	}
}

// TestS65CORS: exact origins, never credentials.
func TestS65CORS(t *testing.T) {
	dir := app(t, "hutch.yaml", notes+"cors: { origins: [\"https://shop.example\"] }\n")
	p := start(t, nil, "serve", dir)
	for origin, allowed := range map[string]bool{"https://shop.example": true, "https://shop.example.evil": false, "http://shop.example": false, "null": false} {
		got, creds := preflight(t, p.url+"/data/v1/docs/notes", origin)
		if (got == origin) != allowed || creds != "" {
			t.Errorf("%s: %q %q", origin, got, creds)
		}
	}
}
