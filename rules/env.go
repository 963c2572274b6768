package rules

import (
	"regexp"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/hutch-dev/hutch/data"
)

// Limits of an expression.
const (
	maxSource  = 4096 // bytes
	maxNesting = 32
	maxNodes   = 4096 // after helpers are expanded
)

func envOptions(more ...cel.EnvOption) []cel.EnvOption {
	return append([]cel.EnvOption{
		cel.CrossTypeNumericComparisons(true),
		cel.OptionalTypes(),
		cel.EnableErrorOnBadPresenceTest(true),
		cel.DefaultUTCTimeZone(true),
		cel.ParserExpressionSizeLimit(maxSource),
		cel.ParserRecursionLimit(maxNesting),
	}, more...)
}

// must is for what depends on this package alone.
func must[X any](x X, err error) X {
	if err != nil {
		panic(err)
	}
	return x
}

// ours replaces, inside what cel-go evaluates, every operator whose meaning in
// cel-go differs: inexact comparisons, quantifiers over strings and maps, size of a map.
var ours = map[string]string{
	operators.Equals: "rl_eq", operators.NotEquals: "rl_ne", operators.Less: "rl_lt", operators.LessEquals: "rl_lte",
	operators.Greater: "rl_gt", operators.GreaterEquals: "rl_gte", operators.In: "rl_in", "size": "rl_size", "matches": "rl_matches",
}

const rlList = "rl_list"

// progEnv plans the rewritten, untyped expressions.
var progEnv = sync.OnceValue(func() *cel.Env {
	opts := envOptions(
		fn2("rl_matches", matches),
		fn1("rl_size", func(a ref.Val) ref.Val {
			n, ok := sizeOf(fromCEL(a))
			if !ok {
				return types.NewErr("size of what is neither a list nor a string")
			}
			return types.Int(n)
		}),
		fn1(rlList, func(a ref.Val) ref.Val {
			if _, ok := a.(traits.Lister); !ok {
				return types.NewErr("a quantifier ranges over a list")
			}
			return a
		}))
	for _, kind := range []string{"", "list", "map"} { // what the schema says of the right side
		opts = append(opts, fn2("rl_in"+kind, func(a, b ref.Val) ref.Val {
			in := fromCEL(b)
			if !kindIs(kind, in) {
				return toBool(fail)
			}
			return toBool(contains(in, fromCEL(a)))
		}))
	}
	for cop, op := range cmpOps {
		opts = append(opts, fn2(ours[cop], func(a, b ref.Val) ref.Val { return celCompare(op, a, b) }))
	}
	for _, f := range functions {
		opts = append(opts, f.program())
	}
	return must(cel.NewEnv(opts...))
})

func fn1(name string, f func(a ref.Val) ref.Val) cel.EnvOption {
	return cel.Function(name, cel.Overload(name+"_dyn", []*cel.Type{cel.DynType}, cel.DynType, cel.UnaryBinding(f)))
}

func fn2(name string, f func(a, b ref.Val) ref.Val) cel.EnvOption {
	return cel.Function(name, cel.Overload(name+"_dyn", []*cel.Type{cel.DynType, cel.DynType}, cel.DynType, cel.BinaryBinding(f)))
}

// celCompare: durations and type names, which have no BSON form, keep CEL's comparison.
func celCompare(op data.Operator, a, b ref.Val) ref.Val {
	x, y := fromCEL(a), fromCEL(b)
	if x.T == alien && y.T == alien && a.Type() == b.Type() {
		switch op {
		case data.OpEq:
			return a.Equal(b)
		case data.OpNe:
			return toBool(truthOf(a.Equal(b) != types.True))
		default:
		}
		c, ok := a.(traits.Comparer)
		if !ok {
			return toBool(fail)
		}
		i, _ := c.Compare(b).(types.Int)
		return toBool(compare(op, vInt(int64(i)), vInt(0)))
	}
	return toBool(compare(op, x, y))
}

var patterns sync.Map // literal patterns only, so the set is bounded by the rules

func matches(s, pattern ref.Val) ref.Val {
	x, ok := s.(types.String)
	p, _ := pattern.(types.String)
	if !ok {
		return toBool(fail)
	}
	re, ok := patterns.Load(p)
	if !ok {
		re, _ = patterns.LoadOrStore(p, regexp.MustCompile(string(p))) // compiled once at load: see checkCall
	}
	return types.Bool(re.(*regexp.Regexp).MatchString(string(x)))
}
