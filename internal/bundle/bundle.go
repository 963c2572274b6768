package bundle

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/hutch-dev/hutch"
)

// Global is where a function's script puts its exports, on globalThis.
const Global = "__bundle"

// Bundle is code that was put together.
type Bundle struct {
	Code      []byte
	SourceMap []byte   // of Code, without the sources' text; nil: not asked for
	CSS       []byte   // of a page that imports style sheets
	Hash      string   // of Code and CSS, in hex
	Inputs    []string // the files read, relative to the app, with slashes, sorted
}

// PageOptions say what a page's bundle may hold.
type PageOptions struct {
	Folders []string          // relative to the app; imports stay in them and in node_modules
	Public  map[string]string // variables; only names that begin with PUBLIC_ are inlined
	Dev     bool              // readable, with a source map
}

// Function bundles a handler for the functions' runtime. entry is relative to
// the app's folder dir. With an error among the diagnostics there is no bundle.
func Function(dir, entry string) (Bundle, []hutch.Diagnostic) {
	r, diag := newResolver(dir, entry, nil, true)
	if diag != nil {
		return Bundle{}, diag
	}
	defer r.close()
	o := r.options(entry)
	o.Format = api.FormatIIFE
	o.EntryPoints = []string{entryModule}
	o.Target = api.ES2023
	o.Platform = api.PlatformNeutral
	o.MainFields = []string{"module", "main"}
	o.Conditions = []string{"hutch", "worker", "module"}
	o.Sourcemap = api.SourceMapExternal
	o.Define = env(nil)
	b, diags := r.build(o)
	for i := range diags {
		diags[i] = ofEntry(diags[i], entry)
	}
	if failed(diags) {
		return Bundle{}, diags
	}
	return b, diags
}

// Page bundles a page's entry as an ES module for browsers.
func Page(dir, entry string, p PageOptions) (Bundle, []hutch.Diagnostic) {
	r, diag := newResolver(dir, entry, p.Folders, false)
	if diag != nil {
		return Bundle{}, diag
	}
	defer r.close()
	o := r.options(entry)
	o.Format = api.FormatESModule
	o.Target = api.ES2022
	o.Platform = api.PlatformBrowser
	o.Define = env(p.Public)
	o.Define["import.meta.env.DEV"] = boolText(p.Dev)
	o.Define["import.meta.env.PROD"] = boolText(!p.Dev)
	o.JSXDev = p.Dev
	if p.Dev {
		o.Sourcemap = api.SourceMapExternal
	} else {
		o.MinifySyntax, o.MinifyWhitespace, o.MinifyIdentifiers = true, true, true
	}
	b, diags := r.build(o)
	if failed(diags) {
		return Bundle{}, diags
	}
	return b, diags
}

// options are those of both kinds.
func (r *resolver) options(entry string) api.BuildOptions {
	return api.BuildOptions{
		EntryPoints:    []string{"./" + path.Clean(filepath.ToSlash(entry))},
		AbsWorkingDir:  r.dir,
		Outfile:        filepath.Join(r.dir, "out.js"),
		Bundle:         true,
		Write:          false,
		Charset:        api.CharsetUTF8,
		LegalComments:  api.LegalCommentsNone,
		SourcesContent: api.SourcesContentExclude,
		TsconfigRaw:    "{}", // so that none is looked for
		JSX:            api.JSXAutomatic,
		LogLevel:       api.LogLevelSilent,
		LogLimit:       50,
		Loader:         loaders(r.function),
		Plugins:        []api.Plugin{{Name: "hutch", Setup: r.setup}},
	}
}

func (r *resolver) build(o api.BuildOptions) (Bundle, []hutch.Diagnostic) {
	res := api.Build(o)
	diags := r.diagnostics(res.Errors, hutch.SeverityError)
	diags = append(diags, r.diagnostics(res.Warnings, hutch.SeverityWarning)...)
	diags = append(diags, r.secrets()...)
	var b Bundle
	for _, f := range res.OutputFiles {
		switch {
		case strings.HasSuffix(f.Path, ".js"):
			b.Code = f.Contents
		case strings.HasSuffix(f.Path, ".js.map"):
			b.SourceMap = f.Contents
		case strings.HasSuffix(f.Path, ".css"):
			b.CSS = f.Contents
		}
	}
	h := sha256.New()
	h.Write(b.Code)
	h.Write([]byte{0})
	h.Write(b.CSS)
	b.Hash = hex.EncodeToString(h.Sum(nil))
	b.Inputs = slices.Sorted(maps.Keys(r.read))
	return b, diags
}

// env replaces what names the environment, so that none of it gets in.
func env(public map[string]string) map[string]string {
	d := map[string]string{
		"process.env":          "{}",
		"process.env.NODE_ENV": `"production"`,
		"import.meta.env":      "{}",
	}
	for name, value := range public {
		if !strings.HasPrefix(name, "PUBLIC_") {
			continue
		}
		js, err := json.Marshal(value)
		if err != nil {
			continue
		}
		d["process.env."+name] = string(js)
		d["import.meta.env."+name] = string(js)
	}
	return d
}

func boolText(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// ofEntry moves what is said of the module that imports the entry to the entry.
func ofEntry(d hutch.Diagnostic, entry string) hutch.Diagnostic {
	if !strings.HasPrefix(d.Pos.File, nsHost+":") {
		return d
	}
	d.Pos = hutch.Pos{File: entry, Line: 1, Column: 1}
	if strings.HasPrefix(d.Message, "No matching export") {
		d.Code, d.Message = "export", "the file has no default export"
		d.Hint = "export default fn<'call'>(async ({ data, auth }, ctx) => { ... })"
	}
	return d
}

func failed(ds []hutch.Diagnostic) bool {
	return slices.ContainsFunc(ds, func(d hutch.Diagnostic) bool { return d.Severity == hutch.SeverityError })
}

// diagnostics gives esbuild's messages; warnings about others' code are left out.
func (r *resolver) diagnostics(ms []api.Message, s hutch.Severity) []hutch.Diagnostic {
	var out []hutch.Diagnostic
	for _, m := range ms {
		d := hutch.Diagnostic{Pos: hutch.Pos{File: r.entry}, Severity: s, Code: cmp.Or(m.ID, "bundle"), Message: m.Text}
		if l := m.Location; l != nil {
			if s == hutch.SeverityWarning && inModules(l.File) {
				continue
			}
			d.Pos = hutch.Pos{File: filepath.ToSlash(l.File), Line: l.Line, Column: characters(l.LineText, l.Column) + 1}
		}
		var notes []string
		for _, n := range m.Notes {
			notes = append(notes, n.Text)
		}
		d.Hint = strings.Join(notes, "\n    ")
		out = append(out, d)
	}
	return out
}

// characters counts those of the first n bytes.
func characters(line string, n int) int { return len([]rune(line[:min(n, len(line))])) }
