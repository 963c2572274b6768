package bundle_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/internal/bundle"
)

// app writes files into a folder below a folder of its own.
func app(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "app")
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func one(t *testing.T, ds []hutch.Diagnostic) hutch.Diagnostic {
	t.Helper()
	if len(ds) != 1 {
		t.Fatalf("%d findings: %v", len(ds), ds)
	}
	return ds[0]
}

func TestAFunctionWithImports(t *testing.T) {
	dir := app(t, map[string]string{
		"functions/f.ts": `import { fn, HutchError } from '@hutch/client/functions'
import { double } from './lib/math'
import { shout } from 'shout'
import { deep } from '@scope/pkg/deep'
import words from '../words.json'
interface Input { n: number }
export default fn<'call'>(({ data }: { data: Input }) => {
  if (data.n < 0) throw new HutchError('invalid_argument', shout(words.no))
  return double(data.n) + deep
})`,
		"functions/lib/math.ts":                "export const double = (n: number): number => n * 2",
		"words.json":                           `{"no": "negative"}`,
		"node_modules/shout/package.json":      `{"name": "shout", "exports": {".": {"import": "./esm.js", "require": "./cjs.js"}}}`,
		"node_modules/shout/esm.js":            "export const shout = s => s.toUpperCase()",
		"node_modules/@scope/pkg/package.json": `{"name": "@scope/pkg", "exports": {"./deep": "./d.mjs"}}`,
		"node_modules/@scope/pkg/d.mjs":        "export const deep = 7",
	})
	b, ds := bundle.Function(dir, "functions/f.ts")
	if ds != nil {
		t.Fatal(ds)
	}
	want := []string{
		"functions/f.ts", "functions/lib/math.ts", "node_modules/@scope/pkg/d.mjs", "node_modules/shout/esm.js", "words.json",
	}
	if d := cmp.Diff(want, b.Inputs); d != "" {
		t.Error(d)
	}
	for _, has := range []string{"globalThis", bundle.Global, "toUpperCase", "negative"} {
		if !strings.Contains(string(b.Code), has) {
			t.Errorf("no %q in\n%s", has, b.Code)
		}
	}
	if !strings.Contains(string(b.SourceMap), `"functions/f.ts"`) || strings.Contains(string(b.SourceMap), "sourcesContent") {
		t.Errorf("source map: %s", b.SourceMap)
	}
	again, _ := bundle.Function(dir, "functions/f.ts")
	if again.Hash != b.Hash || len(b.Hash) != 64 {
		t.Errorf("hash %s, then %s", b.Hash, again.Hash)
	}
}

func TestErrorsNameThePlace(t *testing.T) {
	for name, c := range map[string]struct {
		text, message string
		line, column  int
	}{
		"a syntax error":         {"const ä = 1; const x = ;\nexport default 1", "Unexpected \";\"", 1, 24},
		"an import that is not":  {"\nimport x from './no'\nexport default x", `Could not resolve "./no"`, 2, 15},
		"a package that is not":  {"import x from 'left-pad'\nexport default x", `Could not resolve "left-pad"`, 1, 15},
		"a module of Node":       {"import fs from 'node:fs'\nexport default fs", `"node:fs" is part of Node; functions run without it`, 1, 16},
		"an unprefixed one":      {"import fs from 'fs'\nexport default fs", `"fs" is part of Node; functions run without it`, 1, 16},
		"a module of the web":    {"import x from 'https://esm.sh/x'\nexport default x", `"https://esm.sh/x" is on the network; only files of the app can be imported`, 1, 15},
		"a data URL":             {"import x from 'data:text/javascript,1'\nexport default x", `"data:text/javascript,1" is on the network; only files of the app can be imported`, 1, 15},
		"a file of another kind": {"import x from './f.yaml'\nexport default x", "functions/f.yaml: files of this kind cannot be imported", 1, 15},
		"a client part that is not": {
			"import x from '@hutch/client/react'\nexport default x",
			`"@hutch/client/react" does not exist; there are @hutch/client and @hutch/client/functions`, 1, 15,
		},
		"no default export": {"export const f = 1", "the file has no default export", 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			dir := app(t, map[string]string{"functions/f.ts": c.text, "functions/f.yaml": "a: 1"})
			b, ds := bundle.Function(dir, "functions/f.ts")
			d := one(t, ds)
			want := hutch.Pos{File: "functions/f.ts", Line: c.line, Column: c.column}
			if d.Message != c.message || d.Pos != want || d.Severity != hutch.SeverityError || b.Code != nil {
				t.Errorf("%+v, %d bytes", d, len(b.Code))
			}
		})
	}
}

func TestS62ImportsStayInTheApp(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret.txt")
	if err := os.WriteFile(outside, []byte("s3cret"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"by a relative path":     "import x from '../../../../../../../../../../etc/passwd' with { type: 'text' }\nexport default x",
		"into the next folder":   "import x from '../../beside.txt'\nexport default x",
		"by an absolute path":    "import x from '" + outside + "'\nexport default x",
		"by a symlink":           "import x from './link.txt'\nexport default x",
		"by a linked folder":     "import x from './folder/secret.txt'\nexport default x",
		"by a linked package":    "import x from 'linked/secret.txt'\nexport default x",
		"by a package above":     "import x from 'above'\nexport default x",
		"by a file URL":          "import x from 'file://" + outside + "'\nexport default x",
		"by require":             "module.exports.default = require('" + outside + "')",
		"by a dynamic import":    "export default () => import('../../beside.txt')",
		"to a hidden file":       "import x from '../.hutch/key.json'\nexport default x",
		"to the environment":     "import x from '../.env'\nexport default x",
		"by a tsconfig's paths":  "import x from 'mapped'\nexport default x",
		"by a package's main":    "import x from 'sly'\nexport default x",
		"by a package's imports": "import x from '#out'\nexport default x",
	} {
		t.Run(name, func(t *testing.T) {
			dir := app(t, map[string]string{
				"functions/f.ts":                 text,
				"../beside.txt":                  "s3cret",
				"../node_modules/above/index.js": "export default 's3cret'",
				".hutch/key.json":                `"s3cret"`,
				".env":                           "S=s3cret",
				"tsconfig.json":                  `{"compilerOptions": {"paths": {"mapped": ["` + outside + `"]}}}`,
				"package.json":                   `{"imports": {"#out": "./../beside.txt"}}`,
				"node_modules/sly/package.json":  `{"main": "../../../beside.txt"}`,
			})
			for link, to := range map[string]string{
				"functions/link.txt": outside, "functions/folder": filepath.Dir(outside), "node_modules/linked": filepath.Dir(outside),
			} {
				if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
					t.Fatal(err)
				}
			}
			b, ds := bundle.Function(dir, "functions/f.ts")
			if len(ds) == 0 || b.Code != nil || strings.Contains(string(b.Code), "s3cret") {
				t.Errorf("%v\n%s", ds, b.Code)
			}
		})
	}
}

func TestS62NoEnvironmentIsInlined(t *testing.T) {
	t.Setenv("HUTCH_TEST_SECRET", "s3cret")
	t.Setenv("NODE_ENV", "s3cret")
	dir := app(t, map[string]string{"f.ts": "export default () => [process.env.HUTCH_TEST_SECRET, process.env.NODE_ENV, import.meta.env.HUTCH_TEST_SECRET]"})
	b, ds := bundle.Function(dir, "f.ts")
	if failed(ds) || strings.Contains(string(b.Code), "s3cret") || !strings.Contains(string(b.Code), `"production"`) {
		t.Errorf("%v\n%s", ds, b.Code)
	}
	p, ds := bundle.Page(dir, "f.ts", bundle.PageOptions{})
	if failed(ds) || strings.Contains(string(p.Code), "s3cret") {
		t.Errorf("%v\n%s", ds, p.Code)
	}
}

func TestS62ATsconfigIsIgnored(t *testing.T) {
	dir := app(t, map[string]string{
		"f.ts":             "export default () => 1",
		"tsconfig.json":    `{"extends": "../tsconfig.json", "compilerOptions": {"target": "es5"}}`,
		"../tsconfig.json": "{ this is no JSON",
	})
	if _, ds := bundle.Function(dir, "f.ts"); ds != nil {
		t.Error(ds)
	}
}

func TestAServiceKeyIsFound(t *testing.T) {
	dir := app(t, map[string]string{
		"f.ts":   "import { key } from './key'\nexport default () => key",
		"key.ts": "// the key\nexport const key = 'hutch_sk_0123456789abcdefABCDEF'",
	})
	_, ds := bundle.Function(dir, "f.ts")
	if d := one(t, ds); d.Pos != (hutch.Pos{File: "key.ts", Line: 2, Column: 21}) || d.Code != "secret" {
		t.Errorf("%+v", d)
	}
}

func failed(ds []hutch.Diagnostic) bool {
	return slices.ContainsFunc(ds, func(d hutch.Diagnostic) bool { return d.Severity == hutch.SeverityError })
}
