package rules

import (
	"reflect"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// argCheck is what the arguments of a function must be at load.
type argCheck int8

const (
	anyArgs    argCheck = iota
	lookupArgs          // a collection as a literal, an id
	fieldArg            // a literal path
	fieldsArg           // a literal list of paths
)

// function is one that rules have beyond CEL's own.
type function struct {
	name      string
	member    bool // called on its first argument
	test      bool // gives true or false
	documents bool // reads resource and next without naming them
	args      []*cel.Type
	result    *cel.Type
	check     argCheck // at load
	run       func(b *bound, args []val) val
}

var elem = cel.TypeParamType("T")

// functions is the table of them. A row is all that a new one needs.
var functions = table(
	function{
		name: "get", args: []*cel.Type{cel.StringType, cel.StringType}, result: cel.DynType,
		check: lookupArgs,
		run:   func(b *bound, a []val) val { return b.get(a[0], a[1]) },
	},
	function{
		name: "exists", test: true, args: []*cel.Type{cel.StringType, cel.StringType}, result: cel.BoolType,
		check: lookupArgs,
		run:   func(b *bound, a []val) val { return b.exists(a[0], a[1]) },
	},
	function{
		name: "changed", test: true, documents: true, args: []*cel.Type{cel.StringType}, result: cel.BoolType,
		check: fieldArg,
		run:   func(b *bound, a []val) val { return b.changed(a[0]) },
	},
	function{
		name: "changedOnly", test: true, documents: true, args: []*cel.Type{cel.ListType(cel.StringType)}, result: cel.BoolType,
		check: fieldsArg,
		run:   func(b *bound, a []val) val { return b.changedOnly(a[0]) },
	},
	function{
		name: "hasAny", member: true, test: true, args: []*cel.Type{cel.ListType(elem), cel.ListType(elem)}, result: cel.BoolType,
		run: func(b *bound, a []val) val { return truthVal(b.some(a[0], a[1], false)) },
	},
	function{
		name: "hasAll", member: true, test: true, args: []*cel.Type{cel.ListType(elem), cel.ListType(elem)}, result: cel.BoolType,
		run: func(b *bound, a []val) val { return truthVal(b.some(a[0], a[1], true)) },
	},
)

func table(fs ...function) map[string]*function {
	m := make(map[string]*function, len(fs))
	for i := range fs {
		m[fs[i].name] = &fs[i]
	}
	return m
}

func truthVal(t truth) val {
	if t == fail {
		return val{}
	}
	return vBool(t == yes)
}

// declare makes the function known to the type checker.
func (f *function) declare() cel.EnvOption {
	id := "rule_" + f.name
	if f.member {
		return cel.Function(f.name, cel.MemberOverload(id, f.args, f.result))
	}
	return cel.Function(f.name, cel.Overload(id, f.args, f.result))
}

// internal is its name where cel-go calls it, with the binding before its arguments.
func (f *function) internal() string { return "rl_fn_" + f.name }

func (f *function) program() cel.EnvOption {
	args := make([]*cel.Type, 1+len(f.args))
	for i := range args {
		args[i] = cel.DynType
	}
	return cel.Function(f.internal(), cel.Overload(f.internal()+"_dyn", args, cel.DynType,
		cel.FunctionBinding(func(vs ...ref.Val) ref.Val {
			b, ok := vs[0].(celBound)
			if !ok {
				return types.NewErr("no binding")
			}
			in := make([]val, 0, 2)
			for _, v := range vs[1:] {
				in = append(in, fromCEL(v))
			}
			return toCEL(f.run(b.b, in))
		})))
}

// bindingVar names the binding inside what cel-go evaluates.
const bindingVar = "rl@binding"

// celBound carries a binding through cel-go.
type celBound struct{ b *bound }

var boundType = types.NewOpaqueType("binding")

func (c celBound) ConvertToNative(reflect.Type) (any, error) { return nil, errConvert }
func (c celBound) ConvertToType(ref.Type) ref.Val            { return types.NewErr("type conversion error") }
func (c celBound) Equal(ref.Val) ref.Val                     { return types.False }
func (c celBound) Type() ref.Type                            { return boundType }
func (c celBound) Value() any                                { return c.b }
