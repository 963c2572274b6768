package rules

import (
	"fmt"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// Bool is the `auth:` of a function: an expression over auth, request and
// input. It is safe for concurrent use.
type Bool struct {
	name string
	rule *rule
}

// CompileBool compiles the `auth:` of what is called name, with the helpers of
// Config. The Bool is nil if there are errors.
func CompileBool(name string, e hutch.Expr, helpers map[string]hutch.Expr) (*Bool, []hutch.Diagnostic) {
	c := &compiler{set: &Set{}, envs: newEnvs()}
	c.helpers = c.parseHelpers(helpers)
	c.diags = nil // Compile tells what is wrong with helpers
	env, vars := c.envs.of(classCall, nil)
	r := c.compile(env, e, name, &options{words: c.words(vars, nil)})
	if r == nil && len(c.diags) == 0 {
		c.reportf(e, "", "%s calls a helper that is wrong", name)
	}
	if c.diags = tidy(c.diags); len(c.diags) > 0 {
		return nil, c.diags
	}
	return &Bool{name, r}, nil
}

// Allow judges a call with the body as it was sent; the zero input is none.
// Operators, the system and service keys of scope data pass. Else what is not
// true is unauthenticated for guests, permission_denied for others.
func (a *Bool) Allow(p hutch.Principal, r data.Request, input data.Value) error {
	if p.Bypasses() {
		return nil
	}
	if a == nil {
		return data.Denied(p)
	}
	b := a.rule.bind(encodeAuth(&p), val{}, nil)
	if a.rule.request {
		b.request = encodeRequest(r.Op, &r)
	}
	if input.Type != 0 {
		wrapped := newBuilder(len(input.Value)+8).add("v", val{input.Type, input.Value}).done()
		if !checked(wrapped) {
			return hutch.Errorf(hutch.InvalidArgument, "the input is not well-formed")
		}
		b.input, _, _ = lookup(wrapped, "v")
	}
	switch res := b.judge(); {
	case res == yes:
		return nil
	case b.late:
		return hutch.Errorf(hutch.Unavailable, "the rules took too long; try again")
	}
	return data.Denied(p)
}

func (a *Bool) String() string { return fmt.Sprintf("auth of %s", a.name) }
