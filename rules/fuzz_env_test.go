package rules

import (
	"maps"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
)

// fuzzEnv is an environment whose auth is whatever the fuzzer's claims are;
// typed says so and what the fields of documents are.
func fuzzEnv(typed bool) *cel.Env {
	base := baseEnv()
	auth, doc := types.DynType, cel.MapType(cel.StringType, cel.DynType)
	p := &fuzzProvider{base.CELTypeProvider()}
	if typed {
		auth, doc = types.NewNullableType(types.NewObjectType("Auth")), cel.ObjectType("doc")
	}
	opts := []cel.EnvOption{
		cel.CustomTypeProvider(p), cel.Variable("auth", auth), cel.Variable("request", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("resource", doc), cel.Variable("next", doc), cel.Variable("id", cel.StringType),
	}
	for _, n := range slices.Sorted(maps.Keys(functions)) {
		opts = append(opts, functions[n].declare())
	}
	return must(base.Extend(opts...))
}

type fuzzProvider struct{ types.Provider }

func (p *fuzzProvider) FindStructType(n string) (*types.Type, bool) {
	if _, ok := fuzzTypes[n]; ok {
		return types.NewTypeTypeWithParam(types.NewObjectType(n)), true
	}
	return p.Provider.FindStructType(n)
}

func (p *fuzzProvider) FindStructFieldNames(n string) ([]string, bool) {
	if o, ok := fuzzTypes[n]; ok {
		return slices.Sorted(maps.Keys(o)), true
	}
	return p.Provider.FindStructFieldNames(n)
}

func (p *fuzzProvider) FindStructFieldType(n, f string) (*types.FieldType, bool) {
	if o, ok := fuzzTypes[n]; ok {
		t, ok := o[f]
		return &types.FieldType{Type: t}, ok
	}
	return p.Provider.FindStructFieldType(n, f)
}
