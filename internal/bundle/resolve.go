package bundle

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/hutch-dev/hutch"
	client "github.com/hutch-dev/hutch/clients/js"
)

const (
	maxFile  = 16 << 20
	maxTotal = 64 << 20
	nsClient = "@hutch/client"
	nsHost   = "hutch"

	entryModule = "hutch:entry"
)

// hostModule is @hutch/client/functions where functions run.
const hostModule = `
export const fn = globalThis.fn
export const HutchError = globalThis.HutchError
export function testCtx() { throw new Error('testCtx is for tests; on the server a function gets its ctx') }
`

// resolver finds and reads the files of one bundle.
type resolver struct {
	dir      string // absolute, without symlinks
	root     *os.Root
	folders  []string // slash paths relative to dir; nil: the whole app
	function bool
	entry    string

	mu    sync.Mutex // guards the rest
	read  map[string]int
	total int
	keys  []hutch.Diagnostic
}

func newResolver(dir, entry string, folders []string, function bool) (*resolver, []hutch.Diagnostic) {
	fail := func(err error) []hutch.Diagnostic {
		return []hutch.Diagnostic{{Pos: hutch.Pos{File: dir}, Code: "folder", Message: err.Error()}}
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fail(err)
	}
	if abs, err = filepath.EvalSymlinks(abs); err != nil {
		return nil, fail(err)
	}
	root, err := os.OpenRoot(abs)
	if err != nil {
		return nil, fail(err)
	}
	r := &resolver{dir: abs, root: root, entry: path.Clean(filepath.ToSlash(entry)), function: function, read: map[string]int{}}
	for _, f := range folders {
		r.folders = append(r.folders, path.Clean(filepath.ToSlash(f)))
	}
	return r, nil
}

func (r *resolver) close() { _ = r.root.Close() }

type resolved struct{} // marks our own questions to esbuild

func (r *resolver) setup(b api.PluginBuild) {
	b.OnResolve(api.OnResolveOptions{Filter: `.*`}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
		if _, own := a.PluginData.(resolved); own {
			return api.OnResolveResult{}, nil
		}
		return r.resolve(b, a)
	})
	b.OnLoad(api.OnLoadOptions{Filter: `.*`, Namespace: "file"}, r.load)
	b.OnLoad(api.OnLoadOptions{Filter: `.*`, Namespace: nsClient}, loadClient)
	b.OnLoad(api.OnLoadOptions{Filter: `.*`, Namespace: nsHost}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
		text := hostModule
		if a.Path == entryModule {
			text = fmt.Sprintf("import f from %s\nglobalThis.%s = { default: f }", strconv.Quote("./"+r.entry), Global)
		}
		return api.OnLoadResult{Contents: &text, Loader: api.LoaderJS, ResolveDir: r.dir}, nil
	})
}

func (r *resolver) resolve(b api.PluginBuild, a api.OnResolveArgs) (api.OnResolveResult, error) {
	if a.Namespace == nsClient {
		return api.OnResolveResult{Path: path.Join(path.Dir(a.Importer), a.Path), Namespace: nsClient}, nil
	}
	if a.Path == entryModule && a.Kind == api.ResolveEntryPoint {
		return api.OnResolveResult{Path: entryModule, Namespace: nsHost}, nil
	}
	if a.Path == nsClient || strings.HasPrefix(a.Path, nsClient+"/") {
		return r.resolveClient(a.Path)
	}
	if strings.Contains(a.Path, "://") || strings.HasPrefix(a.Path, "//") || strings.HasPrefix(a.Path, "data:") {
		if a.Kind == api.ResolveCSSURLToken {
			return api.OnResolveResult{Path: a.Path, External: true}, nil
		}
		return fault("%q is on the network; only files of the app can be imported", a.Path)
	}
	dir := a.ResolveDir
	if a.Kind == api.ResolveEntryPoint {
		dir = r.dir
	}
	namespace, importer := a.Namespace, a.Importer
	if namespace == nsHost {
		namespace, importer = "file", ""
	}
	res := b.Resolve(a.Path, api.ResolveOptions{
		Importer: importer, Namespace: namespace, ResolveDir: dir, Kind: a.Kind, PluginData: resolved{}, With: a.With,
	})
	if len(res.Errors) > 0 {
		if r.function && nodeModule(a.Path) {
			return fault("%q is part of Node; functions run without it", a.Path)
		}
		return api.OnResolveResult{Errors: res.Errors, Warnings: res.Warnings}, nil
	}
	if res.External {
		return fault("%q is not in the app", a.Path)
	}
	if res.Namespace != "file" { // a module that package.json's browser field switches off
		return api.OnResolveResult{Path: res.Path, Namespace: res.Namespace}, nil
	}
	if _, err := r.inside(res.Path); err != nil {
		return fault("%q: %v", a.Path, err)
	}
	return api.OnResolveResult{Path: res.Path, Namespace: "file", Suffix: res.Suffix, SideEffects: sideEffects(res.SideEffects)}, nil
}

func sideEffects(b bool) api.SideEffects {
	if b {
		return api.SideEffectsTrue
	}
	return api.SideEffectsFalse
}

func fault(format string, args ...any) (api.OnResolveResult, error) {
	return api.OnResolveResult{Errors: []api.Message{{ID: "import", Text: fmt.Sprintf(format, args...)}}}, nil
}

func (r *resolver) resolveClient(name string) (api.OnResolveResult, error) {
	switch name {
	case nsClient:
		return api.OnResolveResult{Path: "src/index.ts", Namespace: nsClient}, nil
	case nsClient + "/functions":
		if r.function {
			return api.OnResolveResult{Path: name, Namespace: nsHost}, nil
		}
		return api.OnResolveResult{Path: "src/functions.ts", Namespace: nsClient}, nil
	}
	return fault("%q does not exist; there are @hutch/client and @hutch/client/functions", name)
}

// loadClient reads the client's sources, which the binary holds.
func loadClient(a api.OnLoadArgs) (api.OnLoadResult, error) {
	for _, name := range []string{a.Path, strings.TrimSuffix(a.Path, ".js") + ".ts"} {
		if b, err := client.Sources.ReadFile(name); err == nil {
			text := string(b)
			return api.OnLoadResult{Contents: &text, Loader: api.LoaderTS}, nil
		}
	}
	return api.OnLoadResult{}, fmt.Errorf("the client has no file %s", a.Path)
}

// inside gives the path relative to the app, where it may be imported.
func (r *resolver) inside(abs string) (string, error) {
	rel, err := filepath.Rel(r.dir, abs)
	if err != nil || !filepath.IsLocal(rel) {
		return "", errors.New("only files of the app can be imported")
	}
	rel = filepath.ToSlash(rel)
	if inModules(rel) {
		return rel, nil
	}
	if slices.ContainsFunc(strings.Split(rel, "/"), func(s string) bool { return strings.HasPrefix(s, ".") }) {
		return "", errors.New("names that begin with a dot cannot be imported")
	}
	if r.folders != nil && !slices.ContainsFunc(r.folders, func(f string) bool { return strings.HasPrefix(rel, f+"/") }) {
		return "", fmt.Errorf("a page may import from %s and node_modules", strings.Join(r.folders, ", "))
	}
	return rel, nil
}

func inModules(rel string) bool {
	rel = filepath.ToSlash(rel)
	return strings.HasPrefix(rel, "node_modules/") || strings.Contains(rel, "/node_modules/")
}

// load reads a file through the root, which no symlink leaves.
func (r *resolver) load(a api.OnLoadArgs) (api.OnLoadResult, error) {
	rel, err := r.inside(a.Path)
	if err != nil {
		return api.OnLoadResult{}, err
	}
	loader, ok := loaders(r.function)[path.Ext(rel)]
	if !ok {
		return api.OnLoadResult{}, fmt.Errorf("%s: files of this kind cannot be imported", rel)
	}
	b, err := r.readFile(rel)
	if err != nil {
		return api.OnLoadResult{}, fmt.Errorf("reading %s: %w", rel, err)
	}
	text := string(b)
	return api.OnLoadResult{Contents: &text, Loader: loader, ResolveDir: filepath.Dir(a.Path)}, nil
}

func (r *resolver) readFile(rel string) ([]byte, error) {
	f, err := r.root.Open(filepath.FromSlash(rel))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if i, err := f.Stat(); err != nil || !i.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total += len(b)
	if len(b) > maxFile || r.total > maxTotal {
		return nil, fmt.Errorf("more than %d MiB in a file, or %d in all", maxFile>>20, maxTotal>>20)
	}
	r.read[rel] = len(b)
	if at := serviceKey.FindIndex(b); at != nil {
		line := b[:at[0]]
		r.keys = append(r.keys, hutch.Diagnostic{
			Pos: hutch.Pos{
				File: rel, Line: 1 + strings.Count(string(line), "\n"),
				Column: 1 + len([]rune(string(line[strings.LastIndexByte(string(line), '\n')+1:]))),
			},
			Code: "secret", Message: "a service key would go into the bundle",
			Hint: "revoke it with `hutch key revoke`, and keep keys out of the app's code",
		})
	}
	return b, nil
}

// serviceKey is how keys of `hutch key create` look.
var serviceKey = regexp.MustCompile(`hutch_sk_[A-Za-z0-9_-]{16,}`)

func (r *resolver) secrets() []hutch.Diagnostic {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keys
}

// loaders by extension: what code may be made of.
func loaders(function bool) map[string]api.Loader {
	m := map[string]api.Loader{
		".ts": api.LoaderTS, ".mts": api.LoaderTS, ".cts": api.LoaderTS, ".tsx": api.LoaderTSX,
		".js": api.LoaderJS, ".mjs": api.LoaderJS, ".cjs": api.LoaderJS, ".jsx": api.LoaderJSX,
		".json": api.LoaderJSON, ".txt": api.LoaderText,
	}
	if function {
		return m
	}
	m[".css"] = api.LoaderCSS
	for _, ext := range []string{".svg", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".woff2"} {
		m[ext] = api.LoaderDataURL
	}
	return m
}

// nodeModule reports whether a name is one of Node's own modules.
func nodeModule(name string) bool {
	if strings.HasPrefix(name, "node:") {
		return true
	}
	return slices.Contains([]string{
		"assert", "buffer", "child_process", "cluster", "crypto", "dgram", "dns", "events", "fs", "fs/promises", "http", "http2",
		"https", "net", "os", "path", "perf_hooks", "process", "querystring", "readline", "stream", "string_decoder", "timers",
		"tls", "tty", "url", "util", "v8", "vm", "worker_threads", "zlib",
	}, name)
}
