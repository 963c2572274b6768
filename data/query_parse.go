package data

import (
	"slices"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

const (
	maxOrderKeys = 4
	maxPage      = 1000
	maxSelect    = 64
)

// ParseQuery reads the body of POST /data/v1/query and of a sub's query.
// invalid_argument names the key, unknown ones too.
func ParseQuery(d Doc) (Query, error) {
	var q Query
	if len(d) > 0 {
		for e := walk(d); e.next(); {
			key := string(e.key)
			if err := q.read(key, e.v); err != nil {
				return Query{}, under(err, key)
			}
		}
	}
	if q.From == "" {
		return Query{}, invalid("from", "the collection is missing")
	}
	return q, nil
}

// read takes one key of a query's body.
func (q *Query) read(key string, v Value) (err *hutch.Error) {
	switch key {
	case "from":
		q.From = Text(v)
		if v.Type != bson.TypeString || !validCollection(q.From) {
			return invalid("", "expected the name of a collection")
		}
	case "where":
		if v.Type != bson.TypeEmbeddedDocument {
			return invalid("", "expected a filter")
		}
		p := whereParser{client: true}
		q.Where, err = p.filter(v.Value, 1)
	case "orderBy":
		return q.readOrder(v)
	case "limit":
		n, ok := Integer(v)
		if !ok || v.Type == bson.TypeDouble || n < 1 || n > maxPage {
			return invalid("", "expected a whole number from 1 to %d", maxPage)
		}
		q.Limit = int(n)
	case "after":
		if q.After = Text(v); v.Type != bson.TypeString || q.After == "" {
			return invalid("", "expected the cursor of an earlier page")
		}
	case "select":
		if v.Type != bson.TypeArray {
			return invalid("", "expected an array of paths")
		}
		i := 0
		for p := range Elements(v) {
			if p.Type != bson.TypeString {
				return invalid("["+strconv.Itoa(i)+"]", "expected a path")
			}
			if err := q.addSelect(string(strOf(p))); err != nil {
				return err.At("[" + strconv.Itoa(i) + "]")
			}
			i++
		}
	case "count":
		if v.Type != bson.TypeBoolean {
			return invalid("", "expected true or false")
		}
		q.Count = v.Value[0] == 1
	case "explain":
		if v.Type != bson.TypeBoolean {
			return invalid("", "expected true or false")
		}
		q.Explain = v.Value[0] == 1
	default:
		return invalid("", "unknown key")
	}
	return err
}

// readOrder reads [["price","desc"],"name","-stock"].
func (q *Query) readOrder(v Value) *hutch.Error {
	if v.Type != bson.TypeArray {
		return invalid("", "expected an array of paths")
	}
	i := 0
	for k := range Elements(v) {
		var o Order
		ok := false
		switch k.Type {
		case bson.TypeString:
			o, ok = parseOrder(string(strOf(k))), true
		case bson.TypeArray:
			pair := slices.Collect(Elements(k))
			if len(pair) == 2 && pair[0].Type == bson.TypeString {
				o.Path, o.Desc = Text(pair[0]), Text(pair[1]) == "desc"
				ok = o.Desc || Text(pair[1]) == "asc"
			}
		}
		if !ok {
			return invalid("["+strconv.Itoa(i)+"]", `expected a path or [path, "asc" or "desc"]`)
		}
		if err := q.addOrder(o); err != nil {
			return err.At("[" + strconv.Itoa(i) + "]")
		}
		i++
	}
	return nil
}

// parseOrder reads "price" or "-price".
func parseOrder(s string) Order {
	path, desc := strings.CutPrefix(s, "-")
	return Order{Path: path, Desc: desc}
}

func (q *Query) addOrder(o Order) *hutch.Error {
	if err := checkClientPath(o.Path); err != nil {
		return err
	}
	if len(q.OrderBy) == maxOrderKeys {
		return invalid("", "a query orders by at most %d keys", maxOrderKeys)
	}
	if slices.ContainsFunc(q.OrderBy, func(x Order) bool { return x.Path == o.Path }) {
		return invalid("", "the query orders by this twice")
	}
	q.OrderBy = append(q.OrderBy, o)
	return nil
}

func (q *Query) addSelect(path string) *hutch.Error {
	if err := checkClientPath(path); err != nil {
		return err
	}
	if len(q.Select) == maxSelect {
		return invalid("", "a query selects at most %d paths", maxSelect)
	}
	q.Select = append(q.Select, path)
	return nil
}

// checkClientPath refuses what is no path, without repeating it in the field.
func checkClientPath(path string) *hutch.Error {
	_, err := parsePath(path)
	if err == nil {
		err = checkSystemPath(path)
	}
	if err != nil {
		e := *err
		e.Field = ""
		return &e
	}
	return nil
}

// validCollection reports whether name may be a collection's; a leading _ is the
// system's.
func validCollection(name string) bool {
	if name == "" || len(name) > 64 {
		return false
	}
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
		case i > 0 && (c >= '0' && c <= '9' || c == '-'):
		default:
			return false
		}
	}
	return true
}
