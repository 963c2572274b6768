package rules

import (
	"maps"
	"slices"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// envClass is a set of variables and functions.
type envClass int8

const (
	classRead envClass = iota // get, list, delete
	classCreate
	classUpdate
	classPreset
	classDefault
	classCall // a function's auth
)

func classOf(rule int) envClass {
	switch rule {
	case ruleCreate:
		return classCreate
	case ruleUpdate:
		return classUpdate
	}
	return classRead
}

// envs makes the environments that expressions are checked in.
type envs struct {
	base  *cel.Env
	plain map[envClass]*cel.Env // of collections without a schema
}

func newEnvs() *envs {
	return &envs{base: baseEnv(), plain: map[envClass]*cel.Env{}}
}

var baseEnv = sync.OnceValue(func() *cel.Env { return must(cel.NewEnv(envOptions()...)) })

// taken reports whether a function of CEL has the name.
func (v *envs) taken(name string) bool {
	if v.base.HasFunction(name) {
		return true
	}
	return slices.ContainsFunc(v.base.Macros(), func(m cel.Macro) bool { return m.Function() == name }) || celWords[name]
}

var celWords = map[string]bool{
	"true": true, "false": true, "null": true, "in": true, "as": true, "break": true, "const": true, "continue": true, "else": true,
	"for": true, "function": true, "if": true, "import": true, "let": true, "loop": true, "package": true, "namespace": true, "return": true, "var": true, "void": true, "while": true,
}

// variables of a class, of document type doc.
func (c envClass) variables(doc *cel.Type) map[string]*cel.Type {
	auth, request := types.NewNullableType(types.NewObjectType(typeAuth)), types.NewObjectType(typeRequest)
	m := map[string]*cel.Type{"request": request, "id": cel.StringType, "auth": auth}
	switch c {
	case classRead:
		m["resource"] = doc
	case classCreate, classPreset:
		m["next"] = doc
	case classUpdate:
		m["resource"], m["next"] = doc, doc
	case classDefault:
		m["next"] = doc
		delete(m, "auth")
	case classCall:
		m["input"] = cel.DynType
		delete(m, "id")
	}
	return m
}

func (c envClass) has(f *function) bool {
	switch {
	case f.documents:
		return c == classUpdate
	case f.check == lookupArgs:
		return c != classCall
	}
	return true
}

// of gives the environment of a class and the names of its variables.
func (v *envs) of(c envClass, sch *schemaTypes) (*cel.Env, []string) {
	typed := sch != nil && sch.schema != nil
	doc := cel.MapType(cel.StringType, cel.DynType)
	if typed {
		doc = types.NewObjectType(sch.typeName())
	}
	vars := c.variables(doc)
	names := slices.Sorted(maps.Keys(vars))
	if env := v.plain[c]; env != nil && !typed {
		return env, names
	}
	opts := []cel.EnvOption{cel.CustomTypeProvider(&provider{v.base.CELTypeProvider(), sch})}
	for _, n := range names {
		opts = append(opts, cel.Variable(n, vars[n]))
	}
	for _, n := range slices.Sorted(maps.Keys(functions)) {
		if f := functions[n]; c.has(f) {
			opts = append(opts, f.declare())
		}
	}
	if typed {
		opts = append(opts,
			cel.Function(operators.Index, cel.Overload("index_document", []*cel.Type{doc, cel.StringType}, cel.DynType)),
			cel.Function(operators.In, cel.Overload("in_document", []*cel.Type{cel.StringType, doc}, cel.BoolType)))
	}
	env := must(v.base.Extend(opts...))
	if !typed {
		v.plain[c] = env
	}
	return env, names
}

// helper gives an environment where everything has a name and no type, and
// params are variables, too.
func (v *envs) helper(params []string) *cel.Env {
	opts := []cel.EnvOption{cel.CustomTypeProvider(&provider{v.base.CELTypeProvider(), nil})}
	vars := classUpdate.variables(cel.DynType)
	vars["input"] = cel.DynType
	for _, p := range params {
		vars[p] = cel.DynType
	}
	for _, n := range slices.Sorted(maps.Keys(vars)) {
		opts = append(opts, cel.Variable(n, vars[n]))
	}
	for _, n := range slices.Sorted(maps.Keys(functions)) {
		opts = append(opts, functions[n].declare())
	}
	return must(v.base.Extend(opts...))
}
