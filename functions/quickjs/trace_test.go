package quickjs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/functions"
	"github.com/hutch-dev/hutch/functions/runtimetest"
	"github.com/hutch-dev/hutch/internal/bundle"
)

// bundled bundles TypeScript files, the first of which is the handler.
func bundled(t *testing.T, name string, files map[string]string) functions.Bundle {
	t.Helper()
	dir := t.TempDir()
	for file, text := range files {
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, ds := bundle.Function(dir, name)
	if ds != nil {
		t.Fatal(ds)
	}
	return functions.Bundle{Function: "f", Release: "1", Code: b.Code, SourceMap: b.SourceMap}
}

var failing = map[string]string{
	"functions/f.ts": `import { fn, HutchError } from '@hutch/client/functions'
import { price } from './lib/price'

interface Input { how: string }

export default fn<'call'>(async ({ data }: { data: Input }) => {
  if (data.how === 'log') console.error('seen', new Error('logged'))
  if (data.how === 'hutch') throw new HutchError('aborted', 'late')
  await null
  return price(data.how)
})
`,
	"functions/lib/price.ts": `// a comment that does not reach the bundle
export const price = (how: string): number => {
  if (how === 'error') throw new Error('no price')
  return how.length
}
`,
}

func TestStacksNameTypeScript(t *testing.T) {
	rt := newRuntime(t, 1)
	m, err := rt.Load(t.Context(), bundled(t, "functions/f.ts", failing))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Release()
	run := func(how string) (*functions.Failure, []string) {
		h := &runtimetest.Host{}
		_, err := rt.Invoke(t.Context(), m, &functions.Call{ID: "1", Event: []byte(`{"data":{"how":"` + how + `"}}`)}, h)
		if err == nil {
			return nil, h.Lines()
		}
		return hutch.AsError(err).Err.(*functions.Failure), nil
	}
	f, _ := run("error")
	if frames := strings.Split(f.Stack, "\n"); len(frames) != 2 || !strings.HasPrefix(frames[0], "at price (functions/lib/price.ts:3:") || !strings.HasPrefix(frames[1], "at functions/f.ts:10:") {
		t.Errorf("%q", frames)
	}
	if f, _ = run("hutch"); !strings.HasPrefix(f.Stack, "at functions/f.ts:8:") {
		t.Error(f.Stack)
	}
	_, lines := run("log")
	if len(lines) != 1 || !strings.HasPrefix(lines[0], "error: seen Error: logged\n    at functions/f.ts:7:") || strings.Contains(lines[0], "<eval>") {
		t.Errorf("%q", lines)
	}
}

func TestAModuleThatDoesNotLoadNamesThePlace(t *testing.T) {
	rt := newRuntime(t, 1)
	_, err := rt.Load(t.Context(), bundled(t, "f.ts", map[string]string{
		"f.ts": "const table: Record<string, { n: number }> = {}\n\nexport const n = table['x'].n\nexport default () => n\n",
	}))
	if e := hutch.AsError(err); e.Code != hutch.InvalidArgument || !strings.Contains(e.Hint, "f.ts:3:") {
		t.Errorf("%+v %q", e, e.Hint)
	}
}
