package bundle_test

import (
	"strings"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/internal/bundle"
)

func TestAPage(t *testing.T) {
	dir := app(t, map[string]string{
		"web/main.tsx": `import { createClient } from '@hutch/client'
import { price } from '../shared/price'
import './style.css'
export const client = createClient()
document.body.title = price(import.meta.env.PUBLIC_CURRENCY) + process.env.PUBLIC_CURRENCY`,
		"web/style.css":   "body { color: red; background: url(https://example.com/x.png) }",
		"shared/price.ts": "export const price = (c: string) => `in ${c}`",
	})
	o := bundle.PageOptions{Folders: []string{"web", "shared"}, Public: map[string]string{"PUBLIC_CURRENCY": "eur", "SECRET": "s3cret"}}
	b, ds := bundle.Page(dir, "web/main.tsx", o)
	if ds != nil {
		t.Fatal(ds)
	}
	code := string(b.Code)
	if !strings.Contains(code, `"eur"`) || b.SourceMap != nil || strings.Count(code, "\n") > 200 {
		t.Errorf("%d bytes: %.500s", len(code), code)
	}
	if !strings.Contains(string(b.CSS), "color:red") {
		t.Errorf("css: %s", b.CSS)
	}
	o.Dev = true
	dev, _ := bundle.Page(dir, "web/main.tsx", o)
	if dev.SourceMap == nil || len(dev.Code) <= len(b.Code) || dev.Hash == b.Hash {
		t.Errorf("dev: %d bytes, map of %d", len(dev.Code), len(dev.SourceMap))
	}
}

func TestS13BundlerKeepsPagesToTheirFolders(t *testing.T) {
	for name, text := range map[string]string{
		"functions":        "import '../functions/pay'",
		"seed":             "import s from '../seed/users.json'\nalert(s)",
		"an unnamed one":   "import '../shared/x'",
		"the app's root":   "import '../root'",
		"a hidden file":    "import './.secret.json'",
		"a sibling's name": "import '../website/x'",
	} {
		t.Run(name, func(t *testing.T) {
			dir := app(t, map[string]string{
				"web/main.ts": text, "functions/pay.ts": "alert('s3cret')", "seed/users.json": `["s3cret"]`,
				"shared/x.ts": "alert('s3cret')", "root.ts": "alert('s3cret')", "web/.secret.json": `"s3cret"`, "website/x.ts": "alert('s3cret')",
			})
			b, ds := bundle.Page(dir, "web/main.ts", bundle.PageOptions{Folders: []string{"web"}})
			if d := one(t, ds); d.Pos.File != "web/main.ts" || d.Pos.Line != 1 || b.Code != nil {
				t.Errorf("%+v %s", d, b.Code)
			}
		})
	}
}

func TestS13BundlerInlinesPublicVariablesOnly(t *testing.T) {
	dir := app(t, map[string]string{"web/m.ts": "alert(process.env.STORE + import.meta.env.STORE + process.env.PUBLIC_A + import.meta.env.PUBLIC_B)"})
	b, ds := bundle.Page(dir, "web/m.ts", bundle.PageOptions{
		Folders: []string{"web"}, Public: map[string]string{"STORE": "mongodb://s3cret", "PUBLIC_A": "</script>", "PUBLIC_B": "b"},
	})
	if failed(ds) || strings.Contains(string(b.Code), "s3cret") || strings.Contains(string(b.Code), "</script>") {
		t.Errorf("%v %s", ds, b.Code)
	}
}

func TestAnEntryThatIsNot(t *testing.T) {
	_, ds := bundle.Page(app(t, map[string]string{"web/x.ts": ""}), "web/main.ts", bundle.PageOptions{Folders: []string{"web"}})
	if d := one(t, ds); d.Severity != hutch.SeverityError || !strings.Contains(d.Message, "web/main.ts") {
		t.Errorf("%+v", d)
	}
	if _, ds := bundle.Function("/no/such/folder", "f.ts"); len(ds) != 1 {
		t.Error(ds)
	}
}
