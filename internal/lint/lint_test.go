package lint_test

import (
	"bytes"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module   = "github.com/hutch-dev/hutch"
	root     = "../.."
	maxLines = 500 // a longer file holds more than one thing
)

// allowed lists which of our packages each package may import; "" is the root
// package, "*" any. A package missing here may import nothing of ours.
// docs/architecture.md shows the same table with the reasons.
var allowed = map[string][]string{
	"config":                {""},
	"data":                  {""},
	"data/live":             {"", "data"},
	"data/jobs":             {"", "data"},
	"data/pebble":           {"", "data"},
	"data/mongo":            {"", "data"},
	"data/storetest":        {"", "data"},
	"data/transfer":         {"", "data"},
	"rules":                 {"", "data"},
	"auth":                  {"", "data", "data/jobs", "internal/child"},
	"auth/oidc":             {"", "auth"},
	"auth/providertest":     {"", "auth"},
	"auth/mail":             {"", "auth"},
	"auth/captcha":          {"", "auth"},
	"functions":             {"", "data", "data/jobs", "internal/bundle"},
	"functions/quickjs":     {"", "data", "functions", "internal/child"},
	"functions/worker":      {"", "data", "functions", "internal/child"},
	"functions/runtimetest": {"", "data", "functions", "internal/child"},
	"deploy":                {"", "data", "config", "internal/bundle"},
	"internal/bundle":       {"", "clients/js", "internal/child"},
	"internal/child":        {""},
	"internal/history":      {"", "data"},
	"internal/lint":         {""},
	"internal/mongotest":    {},
	"internal/contract":     {},
	"bench":                 {""},
	"server":                {"", "data", "data/live", "data/jobs", "data/transfer", "auth", "functions", "rules", "deploy", "dashboard", "internal/bundle", "internal/history"},
	"internal/boot": {
		"", "config", "data", "data/live", "data/jobs", "data/transfer", "rules", "auth", "functions", "server", "deploy",
		"dashboard", "clients/js", "examples", "internal/bundle", "internal/child", "internal/history",
	},
	"internal/gen": {"", "config", "rules", "server"},
	"cmd/hutch":    {"*"},
	"bench/load":   {"*"},
	"bench/mongo":  {"*"},
	"internal/e2e": {"*"},

	"internal/mongotest/initiate": {"internal/mongotest"},
}

// homes says where a library may be imported (tests and bench may dial with
// gorilla and read BSON).
var homes = []struct {
	library string
	rooms   []string
	tests   bool // tests anywhere may
}{
	{"github.com/gofiber/", []string{"server"}, false},
	{"github.com/valyala/fasthttp", []string{"server"}, false},
	{"github.com/gorilla/websocket", []string{"server", "bench", "bench/load"}, true},
	{"go.mongodb.org/mongo-driver/v2/mongo", []string{"data/mongo", "bench/mongo", "internal/mongotest"}, false},
	{"go.mongodb.org/mongo-driver/v2/x", []string{"data/mongo", "internal/mongotest"}, false},
	{"go.mongodb.org/mongo-driver/v2/bson", []string{"bench/mongo", "data", "data/live", "data/jobs", "data/pebble", "data/mongo", "data/storetest", "rules", "internal/mongotest"}, true},
	{"github.com/cockroachdb/pebble", []string{"data/pebble"}, true},
	{"github.com/coreos/go-oidc", []string{"auth/oidc"}, false},
	{"github.com/wneessen/go-mail", []string{"auth/mail"}, false},
	{"github.com/emersion/", []string{"auth/mail"}, true},
	{"github.com/go-jose/", []string{"auth", "auth/oidc"}, true},
	{"github.com/go-webauthn/", []string{"auth"}, true},
	{"github.com/pquerna/otp", []string{"auth"}, true},
	{"github.com/boombuler/barcode", []string{"auth"}, true},
	{"github.com/descope/virtualwebauthn", nil, true},
	{"cel.dev/cel-go", []string{"rules"}, false},
	{"modernc.org/quickjs", []string{"functions/quickjs"}, false},
	{"github.com/evanw/esbuild", []string{"internal/bundle"}, false},
	{"github.com/santhosh-tekuri/jsonschema", []string{"data", "internal/contract"}, false},
	{"github.com/goccy/go-yaml", []string{"config"}, true},
	{"github.com/spf13/cobra", []string{"cmd/hutch"}, false},
	{"github.com/fsnotify/fsnotify", []string{"cmd/hutch"}, false},
	{"github.com/landlock-lsm/", []string{"internal/child"}, false},
	{"github.com/nlnwa/whatwg-url", []string{"functions/quickjs"}, false},
}

// vague package names do not say what the package provides.
var vague = []string{"common", "helper", "helpers", "misc", "model", "models", "types", "util", "utils"}

type source struct {
	path, pkg string
	test      bool
	text      []byte
	file      *ast.File
}

func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{"node_modules", "testdata", ".git", ".hutch", "dist"}, d.Name()):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(file, ".go"):
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		pkg := path.Dir(filepath.ToSlash(rel))
		if pkg == "." {
			pkg = ""
		}
		out = append(out, source{filepath.ToSlash(rel), pkg, strings.HasSuffix(file, "_test.go"), text, f})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestImportTable(t *testing.T) {
	for _, s := range sources(t) {
		for _, spec := range s.file.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if imp == module || strings.HasPrefix(imp, module+"/") {
				to := strings.TrimPrefix(strings.TrimPrefix(imp, module), "/")
				may := allowed[s.pkg]
				if !s.test && !slices.Contains(may, to) && !slices.Contains(may, "*") {
					t.Errorf("%s must not import %q; see docs/architecture.md", s.path, imp)
				}
				continue
			}
			for _, h := range homes {
				if !strings.HasPrefix(imp, h.library) || slices.Contains(h.rooms, s.pkg) || h.tests && s.test {
					continue
				}
				t.Errorf("%s must not import %q: it lives in %v", s.path, imp, h.rooms)
			}
		}
	}
}

func TestPackagesSayWhatTheyGive(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		documented[s.pkg] = documented[s.pkg] || s.file.Doc != nil
		if s.file.Doc != nil && bytes.Count([]byte(s.file.Doc.Text()), []byte("\n")) > 40 {
			t.Errorf("%s: the package comment is longer than 40 lines", s.path)
		}
	}
	for pkg, ok := range documented {
		if !ok {
			t.Errorf("%q has no package comment", pkg)
		}
		if slices.Contains(vague, path.Base(pkg)) {
			t.Errorf("%q: name the package after what it provides", pkg)
		}
	}
}

func TestFilesAreShort(t *testing.T) {
	files := map[string][]byte{}
	for _, s := range sources(t) {
		files[s.path] = s.text
	}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains([]string{"node_modules", "testdata", ".git", ".hutch", "dist"}, d.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if ext := filepath.Ext(file); ext == ".ts" || ext == ".tsx" || ext == ".mjs" || ext == ".css" {
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			files[file] = text
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for file, text := range files {
		if n := bytes.Count(text, []byte("\n")); n > maxLines {
			t.Errorf("%s has %d lines; split it (limit %d)", file, n, maxLines)
		}
	}
}

func TestNoInitAndNoProcessGlobals(t *testing.T) {
	process := regexp.MustCompile(`\b(os\.(Exit|Getenv|LookupEnv|Setenv)|log\.Fatal\w*)\(`)
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s has an init function; wiring is visible in cmd/hutch", s.path)
			}
		}
		if s.test || strings.HasPrefix(s.pkg, "cmd/") || strings.HasPrefix(s.pkg, "bench") || s.pkg == "data/storetest" || strings.HasPrefix(s.pkg, "internal/mongotest") {
			continue
		}
		if m := process.Find(s.text); m != nil {
			t.Errorf("%s calls %s: the process belongs to cmd/hutch", s.path, m)
		}
	}
}

func TestTheTreeSpeaksOfItself(t *testing.T) {
	machine := regexp.MustCompile(`(^|[\s"'(=])/(work|farm)/[a-z]`)
	registry := regexp.MustCompile(`registry\.npmjs\.org|proxy\.golang\.org|files\.pythonhosted\.org`)
	out, err := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "-z").Output()
	if err != nil {
		t.Fatal(err)
	}
	for file := range strings.SplitSeq(string(out), "\x00") {
		if ext := path.Ext(file); file == "" || ext == ".png" || strings.HasPrefix(file, "internal/lint/") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, file))
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted and not yet committed
		}
		if err != nil {
			t.Fatal(err)
		}
		if m := machine.Find(text); m != nil {
			t.Errorf("%s names a machine's path: %q", file, m)
		}
		if m := registry.Find(text); m != nil {
			t.Errorf("%s names a registry: %q", file, m)
		}
	}
}

// TestS91TheAuditIsWrittenByOneFile: rows of _audit are made and swept in
// auth/audit.go; nothing else names the collection but to declare it.
func TestS91TheAuditIsWrittenByOneFile(t *testing.T) {
	const home, name, constant = "auth/audit.go", "_audit", "colAudit"
	may := map[string][]string{ // functions that read the name
		"auth/documents.go":     {"Collections"},
		"auth/mailed.go":        {"once"},
		"auth/audit_derived.go": {"toldIn"},
		"auth/audit_read.go":    {"Audit"},
		"auth/sessions.go":      {"Indexes"},
	}
	found := 0
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		for _, d := range s.file.Decls {
			f, isFunc := d.(*ast.FuncDecl)
			ast.Inspect(d, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.BasicLit:
					if n.Kind != token.STRING || n.Value != strconv.Quote(name) {
						return true
					}
				case *ast.Ident:
					if n.Name != constant {
						return true
					}
				default:
					return true
				}
				found++
				if s.path != home && !(isFunc && slices.Contains(may[s.path], f.Name.Name)) {
					t.Errorf("%s names the audit: rows are made by audit and swept by sweepAudit", s.path)
				}
				return true
			})
		}
	}
	if found < 5 {
		t.Errorf("only %d places name the audit: has it moved?", found)
	}
}
