package rules

type edit struct{ file, old, new string }

// bugs are those that the rules once had, and those that their newer parts
// could have; test is TestDifferential unless it says another.
var bugs = []struct {
	name  string
	test  string
	edits []edit
}{
	{name: "shadow: variables keep their names (helper capture)", edits: []edit{{"expand.go", `fmt.Sprintf("%s@%d", v, x.vars)`, `v`}}},
	{name: "shadow: an argument is read in the helper's scope", edits: []edit{{"expand.go", `out := x.copy(f.arg, f.args, at)`, `out := x.copy(f.arg, s, at)`}}},
	{name: "shadow: a filter asks the outer document inside an element", edits: []edit{{"terms.go", `return !p.ground && p.name == cur &&`, `return !p.ground &&`}}},
	{name: "fallback: ranges in cel-go not checked", edits: []edit{{"rewrite.go", `fac.NewCall(*ids, rlList, rw(c.IterRange()))`, `rw(c.IterRange())`}}},
	{name: "fallback: one opaque atom sends the whole rule to cel-go", edits: []edit{
		{"rewrite.go", `fac.NewCall(*ids, rlList, rw(c.IterRange()))`, `rw(c.IterRange())`},
		{"compile.go", `	t.rule.vars = len(t.vars)`, "	if t.exact(t.rule.root, fail); len(t.rule.inexact) > 0 {\n\t\tt.rule.root = &nAtom{pos{}, t.program(t.a.Expr())}\n\t}\n	t.rule.vars = len(t.vars)"},
	}},
	{name: "fallback: cel-go's own comparisons", edits: []edit{{"rewrite.go", `if name, ok := ours[c.FunctionName()]; ok {`, `if name, ok := ours[c.FunctionName()]; ok && name == "" {`}}},
	{name: "fallback: an error of cel-go is false", edits: []edit{{"node.go", `return isTrue(b.runCEL(n.celTerm))`, "if r := isTrue(b.runCEL(n.celTerm)); r != fail {\n\t\treturn r\n\t}\n\treturn no"}}},
	{name: "bson: unknown types end the scan", edits: []edit{
		{"value.go", "			panic(errCorrupt)\n		}\n		if i-1", "			return val{}, false, passed\n		}\n		if i-1"},
		{"value.go", `return data.CheckDoc(d) == nil`, `return true`},
	}},
	{name: "bson: document not checked, the scan panics", edits: []edit{{"value.go", `return data.CheckDoc(d) == nil`, `return true`}}},
	{name: "bson: timestamp taken for a date", edits: []edit{
		{"value.go", `case bson.TypeDouble, bson.TypeDateTime, bson.TypeInt64:`, `case bson.TypeDouble, bson.TypeDateTime, bson.TypeInt64, bson.TypeTimestamp:`},
		{"../data/value.go", `	if n > len(b) {`, "	if t == bson.TypeTimestamp {\n\t\tn = 8\n\t}\n	if n > len(b) {"},
	}},
	{name: "bson: NaN accepted", edits: []edit{{"../data/value_check.go", `ok = !math.IsNaN(doubleOf(v)) &&`, `ok =`}}},
	{name: "bson: decimal NaN accepted", edits: []edit{{"../data/value_check.go", `_, ok = decimalOf(v)`, `_, _ = decimalOf(v)`}}},
	{name: "bson: other binary subtypes accepted", edits: []edit{{"../data/value_check.go", `ok = v.Value[4] == 0 ||`, `ok = v.Value[4] >= 0 ||`}}},
	{name: "bson: the last of equal keys counts", edits: []edit{
		{"value.go", `			return val{bson.Type(b[0]), b[i+1 : i+1+n]}, true, passed`, `			v, ok = val{bson.Type(b[0]), b[i+1 : i+1+n]}, true`},
		{"value.go", `	return val{}, false, passed`, `	return v, ok, passed`},
	}},
	{name: "int64: compared as doubles", edits: []edit{{"ops.go", `return cmp.Compare(a.int64(), b.int64())
	case a.T == bson.TypeDouble`, `return cmp.Compare(float64(a.int64()), float64(b.int64()))
	case a.T == bson.TypeDouble`}}},
	{name: "int64: claims decoded as doubles", edits: []edit{{"claims.go", `	if n, err := strconv.ParseInt(s, 10, 64); err == nil {`, `	if n, err := strconv.ParseFloat(s, 64); err == nil {`}}},
	{name: "decimal: inexact claims kept as doubles", edits: []edit{{"claims.go", `return d, err == nil &&`, `if err != nil {
		f, _ := strconv.ParseFloat(s, 64)
		return f, true
	}
	return d, err == nil &&`}}},
	{name: "decimal: equal to no other type", edits: []edit{{"ops.go", `case bson.TypeInt32, bson.TypeInt64, bson.TypeDouble, bson.TypeDecimal128:
		return bson.TypeDouble`, `case bson.TypeInt32, bson.TypeInt64, bson.TypeDouble:
		return bson.TypeDouble`}}},
	{name: "decimal: compared by its digits", edits: []edit{{"ops.go", `	return data.Compare(a.raw(), b.raw())`, `	if a.T == bson.TypeDecimal128 && b.T == a.T {
		return bytes.Compare(a.B, b.B)
	}
	return data.Compare(a.raw(), b.raw())`}}},
	{name: "time: a request is kept for the next", test: "TestS20TimeDoesNotStandStill", edits: []edit{
		{"session.go", `	if !r.request && !r.looksUp {
		if b`, `	if !r.looksUp {
		if b`},
		{"session.go", `if !b.rule.request && !b.rule.looksUp {`, `if !b.rule.looksUp {`},
		{"session.go", `return r.bind(s.caller.auth, val{}, nil)`, `return r.bind(s.caller.auth, encodeRequest(op, &s.req), nil)`},
	}},
	{name: "time: live rules may read it", test: "TestS20TimeDoesNotStandStill", edits: []edit{{"filter.go", `(r.looksUp || r.timed)`, `r.looksUp`}}},
	{name: "size of a map", edits: []edit{{"ops.go", `	case bson.TypeArray:
		return count(v.B), true`, `	case bson.TypeArray, bson.TypeEmbeddedDocument:
		return count(v.B), true`}}},
	{name: "schema: a declared list that holds a map", edits: []edit{{"node.go", `return (kind != "list" ||`, `return true || (kind != "list" ||`}}},
	{name: "rails: negation negates the filter", edits: []edit{{"rails.go", `func (n *nNot) rail(r *rails, want bool) data.Where { return n.a.rail(r, !want) }`, `func (n *nNot) rail(r *rails, want bool) data.Where {
	if f := n.a.rail(r, want); r.exact {
		return not(f)
	}
	return n.a.rail(r, !want)
}`}}},
	{name: "rails: no guard against arrays on the way", edits: []edit{{"rails_leaf.go", `guard = data.And(guard, notArray(full))`, `_ = guard`}}},
	{name: "rails: widened inside an element", edits: []edit{{"rails_list.go", `	case !sub.exact:`, `	case !sub.exact && n == nil:`}}},
	{name: "rails: numeric keys in elements", edits: []edit{{"rails_leaf.go", `name[0] >= '0' && name[0] <= '9'`, `name == ""`}}},
	{name: "rails: has() of an element that is an array", edits: []edit{{"rails_leaf.go", `	if n.p.root == rootVar && len(n.p.segs) == 1 {`, `	if n.p.slot < 0 {`}}},
	{name: "rails: $ instead of \\z", edits: []edit{{"rails_leaf.go", "+`\\z`))", "+`\\n?$`))"}}},
	{name: "rails: hasAll is hasAny", edits: []edit{{"rails_list.go", `if n.all == want {`, `if !want {`}}},
	{name: "rails: id asks another field", edits: []edit{{"rails_leaf.go", `return data.FieldID, guard, len(p.segs) == 0`, `return "id", guard, len(p.segs) == 0`}}},
	{name: "cost: no budget for a check", test: "TestBudgets", edits: []edit{{"bound.go", `	return b.units < b.lookAt || b.within()`, `	b.units = 0
	return true`}}},
	{name: "cost: no budget for a filter", test: "TestCost|TestBudgets", edits: []edit{
		{"bound.go", `if r.leaves > maxLeaves || b.units > maxUnits {`, `if b.units < 0 {`},
		{"rails_list.go", `if r.leaves++; r.leaves > maxLeaves {`, `if r.leaves++; r.leaves < 0 {`},
		{"rails_list.go", `r.leaves > maxLeaves { // long`, `r.leaves < 0 { // long`},
	}},
	{name: "cost: a test that ran out of budget is kept as failed", test: "TestBudgets", edits: []edit{{"bound.go", `return b.units <= maxUnits && (`, `return b.units >= 0 && (`}}},
	{name: "look-ups: what is absent is null", edits: []edit{{"lookup.go", `	v, _ := b.fetch.doc(coll, id)
	return v`, `	v, ok := b.fetch.doc(coll, id)
	if ok && v.bad() {
		return null
	}
	return v`}}},
	{name: "look-ups: an error is absence", edits: []edit{{"lookup.go", `	if coll.T != bson.TypeString || id.bad() {
		return val{}`, `	if coll.T != bson.TypeString || id.bad() {
		return vFalse`}}},
	{name: "look-ups: a list of ids finds one", edits: []edit{{"lookup.go", `	if id.T != bson.TypeString || len(id.B)`, `	if id.T == bson.TypeArray && count(id.B) > 0 {
		e := walk(id.B)
		e.next()
		id = e.v
	}
	if id.T != bson.TypeString || len(id.B)`}}},
	{name: "look-ups: remembered for the next write", test: "TestS9WritesAreJudgedOneAfterAnother", edits: []edit{{"lookup.go", `		clear(f.memo)
		f.round++`, `		f.round++`}}},
	{name: "look-ups: tests of the write before are kept", test: "TestS9WritesAreJudgedOneAfterAnother", edits: []edit{{"bound.go", `clear(b.known) }`, `_ = b.known }`}}},
	{name: "look-ups: no limit", test: "TestLookupBudgets", edits: []edit{{"lookup.go", `if f.used == maxLookups ||`, `if f.used < 0 ||`}}},
	{name: "next: known when bound", edits: []edit{{"path.go", `return r == rootAuth || r == rootRequest`, `return r == rootAuth || r == rootRequest || r == rootNext`}}},
	{name: "next: changed() known when bound", edits: []edit{{"compile.go", `f != nil && f.documents {`, `f != nil && f.member {`}}},
	{name: "next: a field that appears has not changed", edits: []edit{{"diff.go", `return a.bad() != b.bad() &&`, `return a.bad() && b.bad() &&`}}},
	{name: "next: what replaces a parent leaves its children", edits: []edit{{"diff.go", `	}
	return leads(a, path) || leads(b, path)`, `	}
	return false`}}},
	{name: "next: values compared by bytes", edits: []edit{{"diff.go", `bytes.Equal(a.B, b.B) || equal(a, b) == yes`, `bytes.Equal(a.B, b.B)`}}},
	{name: "next: changedOnly() looks at what was there", edits: []edit{{"diff.go", `each(a, b, false) && each(b, a, true) &&`, `each(a, b, false) &&`}}},
	{name: "reduce: arrays are decided", edits: []edit{{"reduce.go", `case "null", "object":`, `case "null", "object", "array":`}}},
	{name: "reduce: null says that a field is there", edits: []edit{{"reduce.go", `v.T == bson.TypeNull || v.bad()`, `v.bad()`}}},
	{name: "key: the path is left out", test: "TestS6KeysAreBytes", edits: []edit{{"key.go", `	dst = appendText(dst, w.Path)
`, ``}}},
	{name: "key: of an inexact filter without the caller", test: "TestKeysTellViewsApart", edits: []edit{{"filter.go", `	k = appendText(k, s.p.Key)
`, ``}}},
}
