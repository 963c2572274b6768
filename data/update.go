package data

import (
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

// UpdateOperator is an operator of PATCH bodies, spelled as on the wire.
type UpdateOperator string

// The operators of updates.
const (
	UpSet         UpdateOperator = "$set"
	UpUnset       UpdateOperator = "$unset"
	UpInc         UpdateOperator = "$inc"
	UpPush        UpdateOperator = "$push"
	UpPull        UpdateOperator = "$pull"
	UpAddToSet    UpdateOperator = "$addToSet"
	UpCurrentDate UpdateOperator = "$currentDate"
)

// UpdateOperators lists them.
func UpdateOperators() []UpdateOperator {
	return []UpdateOperator{UpSet, UpUnset, UpInc, UpPush, UpPull, UpAddToSet, UpCurrentDate}
}

// Update is a PATCH body, checked and ready to be applied any number of times.
// It is safe for concurrent use.
type Update struct {
	root  change
	id    Value // the _id that the body names, if any
	paths []string
}

// change is what happens at one step of a path: an operator, or the changes of
// the steps below.
type change struct {
	name  string
	index int    // the array index that name spells, -1
	path  string // the whole
	op    UpdateOperator
	val   Value       // operand
	each  []Value     // of $push and $addToSet
	pull  *pullFilter // of $pull
	makes bool        // it, or one below it, makes a field that is missing
	kids  []*change
	byKey map[string]int // of kids, when they are many
}

// ApplyUpdate gives old changed by a PATCH body: plain fields and operators. now
// is in milliseconds. invalid_argument names the field.
func ApplyUpdate(old, patch Doc, now int64) (Doc, error) {
	u, err := CompileUpdate(patch)
	if err != nil {
		return nil, err
	}
	return u.Apply(old, now)
}

// CompileUpdate reads a PATCH body. Plain fields are a top-level $set. Paths that
// begin with _ are refused, but for a plain _id, which Apply holds against the
// document's.
func CompileUpdate(patch Doc) (*Update, error) {
	u := &Update{root: change{index: -1}}
	if len(patch) == 0 {
		return u, nil
	}
	for e := walk(patch); e.next(); {
		name := string(e.key)
		var err *hutch.Error
		switch {
		case name != "" && name[0] == '$':
			if err = u.operator(UpdateOperator(name), e.v); err != nil {
				err = under(err, name)
			}
		case name == FieldID:
			u.id = e.v
		default:
			if err = checkName(e.key); err == nil {
				err = u.add(UpSet, name, e.v)
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return u, nil
}

// Paths are what the update names, in its order.
func (u *Update) Paths() []string { return u.paths }

// operator reads {"$inc": {"path": operand}}.
func (u *Update) operator(op UpdateOperator, v Value) *hutch.Error {
	known := false
	for _, o := range UpdateOperators() {
		known = known || o == op
	}
	if !known {
		return hutch.Errorf(hutch.InvalidArgument, "unknown operator")
	}
	if v.Type != bson.TypeEmbeddedDocument {
		return hutch.Errorf(hutch.InvalidArgument, "expected an object of paths")
	}
	for e := walk(v.Value); e.next(); {
		if err := u.add(op, string(e.key), e.v); err != nil {
			return err
		}
	}
	return nil
}

// add puts a change into the tree; paths that are equal or one above the other
// are in conflict.
func (u *Update) add(op UpdateOperator, path string, v Value) *hutch.Error {
	segs, err := parsePath(path)
	if err != nil {
		return err
	}
	if path[0] == '_' {
		return invalid(path, "names with a leading _ are the system's")
	}
	leaf := &change{path: path, op: op, val: v}
	if err := leaf.operand(); err != nil {
		return under(err, path)
	}
	c, to := &u.root, -1
	for i, s := range segs {
		last := i == len(segs)-1
		to += len(s.name) + 1
		next := c.kid(s.name)
		switch {
		case next != nil && (last || next.op != ""):
			return invalid(path, "two changes of the update are in conflict here")
		case next == nil && last:
			next = leaf
		case next == nil:
			next = &change{path: path[:to]}
		}
		next.makes = next.makes || leaf.makes
		if c.kid(s.name) == nil {
			next.name, next.index = s.name, s.index
			c.adopt(next)
		}
		c = next
	}
	u.paths = append(u.paths, path)
	return nil
}

// manyKids is from which number on kids are found by a map.
const manyKids = 12

func (c *change) kid(name string) *change {
	if i := c.find([]byte(name)); i >= 0 {
		return c.kids[i]
	}
	return nil
}

func (c *change) find(name []byte) int {
	if c.byKey != nil {
		if i, ok := c.byKey[string(name)]; ok {
			return i
		}
		return -1
	}
	for i, k := range c.kids {
		if k.name == string(name) {
			return i
		}
	}
	return -1
}

func (c *change) adopt(k *change) {
	c.kids = append(c.kids, k)
	if c.byKey != nil {
		c.byKey[k.name] = len(c.kids) - 1
	} else if len(c.kids) > manyKids {
		c.byKey = make(map[string]int, 2*len(c.kids))
		for i, k := range c.kids {
			c.byKey[k.name] = i
		}
	}
}
