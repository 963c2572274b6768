package data

import (
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

// step is one mutation, checked and ready to be judged against whatever document
// it meets.
type step struct {
	c       *call
	op      Op
	coll    string
	schema  *Schema
	known   bool // the collection is one of the app's
	id      string
	made    bool // the server made the id: nothing can be stored under it
	data    Doc  // create and set: _id and the app's fields
	update  *Update
	pre     Precondition
	match   *Matcher // of pre.If
	paths   []string // that pre.If names
	at      string   // writes[n], "" for the only write of a request
	inner   string   // where the fields of data stand in the request
	impure  bool     // judging reads more than the document: hooks, look-ups
	dates   []Elem   // of an import: what it says of the system's
	created bool     // the branch of the last judgement
	n       int      // place in the commit
}

// fail prefixes an error by the write it belongs to.
func (st *step) fail(err error) error {
	if err == nil || st.at == "" {
		return err
	}
	return hutch.AsError(err).At(st.at)
}

// inData prefixes an error that names a field of the document.
func (st *step) inData(err error) error {
	e := hutch.AsError(err)
	if st.inner == "" || e.Field == "" {
		return e
	}
	return e.At(st.inner)
}

// newStep checks the syntax and limits of m. whole: m is one of a commit, which
// refuses the system's fields also where PUT would ignore them.
func (c *call) newStep(m *Mutation, whole bool) (*step, error) {
	st := &step{c: c, op: m.Op, coll: m.In, id: m.ID, pre: m.Precondition}
	if whole {
		st.inner = "data"
	}
	if len(m.Data) > 0 {
		if err := CheckDoc(m.Data); err != nil {
			return nil, st.inData(err)
		}
	}
	dated := m.Dated && c.p.Bypasses() && (m.Op == OpCreate || m.Op == OpSet)
	if err := st.systemFields(m.Data, whole, dated); err != nil {
		return nil, st.inData(err)
	}
	coll := c.coll(m.In)
	if st.known = coll != nil; st.known {
		st.schema = coll.Schema
	}
	switch {
	case st.id != "":
		if err := ValidID(st.id); err != nil {
			return nil, err
		}
	case st.op == OpCreate:
		id, err := c.s.ids.Next()
		if err != nil {
			return nil, hutch.Errorf(hutch.Internal, "making an id: %w", err)
		}
		st.id, st.made = id, true
	default:
		return nil, badField("id", "id is missing")
	}
	switch st.op {
	case OpCreate, OpSet:
		st.data = withID(st.id, m.Data)
		if err := checkShape(st.data, &c.s.limits); err != nil {
			return nil, st.inData(err)
		}
	case OpUpdate:
		u, err := CompileUpdate(m.Data)
		if err != nil {
			return nil, st.inData(err)
		}
		st.update = u
	case OpDelete:
	default:
		return nil, badField("op", "op is create, set, update or delete")
	}
	if w := st.pre.If; w != nil {
		m, err := Compile(*w)
		if err != nil {
			return nil, hutch.AsError(err).At("if")
		}
		st.match, st.paths = m, wherePaths(*w, "", nil)
	}
	st.impure = st.readsMore()
	return st, nil
}

// systemFields refuses the system's fields in data, but for an _id that is the
// write's own; a PUT takes _version as ifVersion and ignores the others.
func (st *step) systemFields(data Doc, whole, dated bool) error {
	if len(data) == 0 {
		return nil
	}
	for e := walk(data); e.next(); {
		if len(e.key) == 0 || e.key[0] != '_' {
			continue
		}
		name := string(e.key)
		switch {
		case name == FieldID:
			if e.v.Type != bson.TypeString {
				return badField(name, "_id is a string")
			}
			id := Text(e.v)
			if st.op == OpCreate && st.id == "" {
				st.id = id
			}
			if id != st.id {
				return badField(name, "_id is not the id of the document written")
			}
			if id == "" {
				return badField(name, "_id is empty")
			}
		case dated && (name == FieldCreated || name == FieldUpdated):
			if e.v.Type != bson.TypeDateTime {
				return badField(name, name+" is a date")
			}
			st.dates = append(st.dates, Elem{name, e.v})
		case dated && name == FieldVersion:
		case st.op == OpSet && !whole && name == FieldVersion:
			n, ok := Integer(e.v)
			if !ok || n < 1 || st.pre.IfVersion != 0 && st.pre.IfVersion != n {
				return badField(name, "_version is the version to replace, as ifVersion")
			}
			st.pre.IfVersion = n
		case st.op == OpSet && !whole && (name == FieldCreated || name == FieldUpdated):
		default:
			return badField(name, "names that begin with _ are the system's")
		}
	}
	return nil
}

// readsMore reports whether judging the step reads more than its own document:
// it then carries the version it was judged on and is run again when that moved.
func (st *step) readsMore() bool {
	c, ops := st.c, [3]Op{st.op, OpGet, OpGet}
	if st.op == OpSet {
		ops = [3]Op{OpCreate, OpUpdate, OpGet}
	}
	for _, op := range ops {
		if c.looks(op, st.coll) || op != OpGet && c.hooks(op, st.coll) {
			return true
		}
	}
	return false
}

// wherePaths collects the paths that w names.
func wherePaths(w Where, under string, to []string) []string {
	path := w.Path
	if under != "" && path != "" {
		path = under + "." + path
	} else if path == "" {
		path = under
	}
	if path != "" && w.Op != OpAnd && w.Op != OpOr && w.Op != OpNor {
		to = append(to, path)
	}
	for _, k := range w.Kids {
		to = wherePaths(k, path, to)
	}
	return to
}
