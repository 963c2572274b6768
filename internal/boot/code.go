package boot

import (
	"context"
	"slices"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/functions"
	"github.com/hutch-dev/hutch/internal/bundle"
)

// jsRuntime is the runtime of functions whose handler is a script.
const jsRuntime = "js"

// code bundles functions and pages.
func (b *compiler) code(ctx context.Context, o *Options, r *release) {
	for i := range b.c.Functions {
		f := &b.c.Functions[i]
		out := functions.Function{
			Name: f.Name, Runtime: jsRuntime, Trigger: trigger(&f.Trigger), Admin: f.Admin,
			Input: b.schema("functions."+f.Name+".input", f.Input), KeyRequired: f.Idempotency == "required", Timeout: f.Timeout,
		}
		for _, p := range f.Query {
			out.Query = append(out.Query, functions.Param{Name: p.Name, Type: functions.ParamType(p.Type), Optional: p.Optional})
		}
		if ctx.Err() != nil {
			return
		}
		made, ds := bundle.Function(o.Dir, f.Handler)
		b.add(ds)
		out.Bundle = functions.Bundle{Release: made.Hash, Code: made.Code, SourceMap: made.SourceMap, Memory: f.Memory}
		r.functions = append(r.functions, out)
	}
	names := b.sensitive()
	for i := range r.functions {
		r.functions[i].Sensitive = names
	}
	r.pages = b.pages(o)
}

// add takes findings over, each once: two functions may share a file.
func (b *compiler) add(ds []hutch.Diagnostic) {
	for _, d := range ds {
		if !slices.Contains(b.diags, d) {
			b.diags = append(b.diags, d)
		}
	}
}
