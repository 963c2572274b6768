package storetest

import (
	"maps"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// model is a store as simple as can be: documents in maps, every query a walk
// over all of them. It takes its word for values from data.Compare and the
// matcher, for everything else from itself.
type model struct {
	docs    map[string]map[string]data.Doc
	indexes map[string][]data.Index
	last    map[string]int64 // version that an id ever had
	log     []data.Commit
}

func newModel() *model {
	return &model{docs: map[string]map[string]data.Doc{}, indexes: map[string][]data.Index{}, last: map[string]int64{}}
}

// judge gives the codes for which a batch may be refused (none: it passes) and
// what it leaves of each document that it writes, without system fields.
func (m *model) judge(b *data.Batch) (codes []hutch.Code, next map[data.Check]data.Doc) {
	next = map[data.Check]data.Doc{}
	at := func(coll, id string) data.Check { return data.Check{Collection: coll, ID: id} }
	for _, c := range b.Checks {
		if version(m.docs[c.Collection][c.ID]) != c.Version {
			codes = append(codes, hutch.Aborted)
		}
	}
	made := map[data.Check]bool{} // by the batch: no version yet
	for _, w := range b.Writes {
		k := at(w.Collection, w.ID)
		stored := m.docs[w.Collection][w.ID]
		cur, written := next[k]
		if !written {
			cur = stored
		}
		switch {
		case w.Expect == data.AnyVersion, w.Expect == 0 && cur == nil:
		case w.Expect == 0:
			codes = append(codes, hutch.AlreadyExists)
		case cur == nil || made[k] || version(stored) != w.Expect:
			codes = append(codes, hutch.Aborted)
		}
		d, err := w.Next(cur)
		if err != nil {
			return append(codes, hutch.CodeOf(err)), nil
		}
		made[k] = d != nil && (cur == nil || made[k])
		next[k] = d
	}
	for coll, ixs := range m.indexes {
		all := map[string]data.Doc{}
		maps.Copy(all, m.docs[coll])
		for k, d := range next {
			if k.Collection == coll {
				if all[k.ID] = d; d == nil {
					delete(all, k.ID)
				}
			}
		}
		for _, ix := range ixs {
			codes = append(codes, misfits(ix, all)...)
		}
	}
	return codes, next
}

// misfits says what keeps documents out of an index.
func misfits(ix data.Index, docs map[string]data.Doc) (codes []hutch.Code) {
	owners := map[string]string{}
	for id, d := range docs {
		var values [4][]data.Value
		arrays, n, many := 0, 1, 0
		for i, f := range ix.Fields {
			values[i] = data.AppendIndexValues(nil, d, f.Path)
			if leadsThroughArray(d, f.Path) {
				arrays++
				n, many = len(values[i]), i
			}
		}
		if arrays > 1 {
			codes = append(codes, hutch.InvalidArgument)
			continue
		}
		for j := range n {
			var key []byte
			bare := true
			for i, f := range ix.Fields {
				v := values[i][0]
				if i == many {
					v = values[i][j]
				}
				key = data.AppendKey(key, v, false)
				bare = bare && v.Type == data.Null().Type && !hasNull(d, f.Path)
			}
			if bare || !ix.Unique {
				continue
			}
			if owner, taken := owners[string(key)]; taken && owner != id {
				codes = append(codes, hutch.AlreadyExists)
			}
			owners[string(key)] = id
		}
	}
	return codes
}

// leadsThroughArray reports whether a path meets an array, were it of one element.
func leadsThroughArray(d data.Doc, path string) bool {
	for {
		name, rest, more := strings.Cut(path, ".")
		v := data.Field(d, name)
		switch {
		case v.Type == bson.TypeArray:
			return true
		case !more || v.Type != bson.TypeEmbeddedDocument:
			return false
		}
		d, path = v.Document(), rest
	}
}

// hasNull reports whether null itself stands somewhere at a path: a unique index
// holds it, and does not hold what is missing.
func hasNull(d data.Doc, path string) bool {
	m, err := data.Compile(data.Where{Op: data.OpType, Path: path, Value: data.String("null")})
	return err == nil && m.Match(d)
}

// apply takes the result of a commit over and tells whether it is what judge
// foretold.
func (m *model) apply(r data.Result, next map[data.Check]data.Doc) (wrong string) {
	changed := 0
	for k, d := range next {
		old := m.docs[k.Collection][k.ID]
		if same(old, d) {
			continue
		}
		changed++
		i := slices.IndexFunc(r.Changes, func(c data.Change) bool { return c.Collection == k.Collection && c.ID == k.ID })
		if i < 0 {
			return "no change of " + k.Collection + "/" + k.ID
		}
		c := r.Changes[i]
		switch {
		case string(c.Before) != string(old):
			return "old image " + c.Before.String()
		case !same(c.After, d):
			return "new image " + c.After.String() + " of " + d.String()
		case c.After != nil && (version(c.After) <= m.last[k.Collection+"/"+k.ID] || version(c.After) <= version(old)):
			return "version of " + c.After.String()
		}
		if m.docs[k.Collection] == nil {
			m.docs[k.Collection] = map[string]data.Doc{}
		}
		if m.docs[k.Collection][k.ID] = c.After; c.After == nil {
			delete(m.docs[k.Collection], k.ID)
		} else {
			m.last[k.Collection+"/"+k.ID] = version(c.After)
		}
	}
	if changed != len(r.Changes) {
		return "changes that are none"
	}
	if changed > 0 {
		m.log = append(m.log, data.Commit{Position: r.Position, Changes: r.Changes})
	}
	return ""
}

var stamped = []string{data.FieldID, data.FieldVersion, data.FieldCreated, data.FieldUpdated}

// same compares documents but for the system fields.
func same(a, b data.Doc) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return string(data.Without(a, stamped...)) == string(data.Without(b, stamped...))
}

// find is a plan's result.
func (m *model) find(p *data.Plan) (string, error) {
	match, err := data.Compile(p.Where)
	if err != nil {
		return "", err
	}
	var docs []data.Doc
	for _, d := range m.docs[p.Collection] {
		if match.Match(d) && (p.After == nil || data.CompareToMark(d, *p.After, p.OrderBy) > 0) {
			docs = append(docs, d)
		}
	}
	slices.SortFunc(docs, func(a, b data.Doc) int { return data.CompareDocs(a, b, p.OrderBy) })
	if p.Limit > 0 && len(docs) > p.Limit {
		docs = docs[:p.Limit]
	}
	ids := make([]string, len(docs))
	for i, d := range docs {
		ids[i] = data.Text(data.Field(d, data.FieldID))
	}
	return strings.Join(ids, " "), nil
}
