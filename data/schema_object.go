package data

import (
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// object judges the fields of v.
func (c *schemaCheck) object(n *schemaNode, v Value) bool {
	lib := n.lib
	for _, name := range n.required {
		if _, ok := fieldOf(v.Value, name); !ok {
			return c.fail("is required", name)
		}
	}
	for name, needs := range lib.DependentRequired {
		if _, ok := fieldOf(v.Value, name); !ok {
			continue
		}
		for _, need := range needs {
			if _, ok := fieldOf(v.Value, need); !ok {
				return c.fail("is required", need)
			}
		}
	}
	each := n.props != nil || n.patterns != nil || n.extra != nil || n.noExtra || n.names != nil
	if !each && n.depends == nil && lib.MinProperties == nil && lib.MaxProperties == nil {
		return true
	}
	system := c.stored && len(c.path) == 0
	count := 0
	for e := walk(v.Value); e.next(); {
		if system && len(e.key) > 0 && e.key[0] == '_' {
			continue
		}
		count++
		if each && !c.field(n, e.key, e.v) {
			return false
		}
	}
	if lib.MinProperties != nil && count < *lib.MinProperties {
		return c.fail("must have at least " + itoa(*lib.MinProperties) + " fields")
	}
	if lib.MaxProperties != nil && count > *lib.MaxProperties {
		return c.fail("must have at most " + itoa(*lib.MaxProperties) + " fields")
	}
	for name, k := range n.depends {
		if _, ok := fieldOf(v.Value, name); ok && !c.ok(k, v) {
			return false
		}
	}
	return true
}

func (c *schemaCheck) field(n *schemaNode, key []byte, v Value) bool {
	known := false
	if k := n.props[string(key)]; k != nil {
		known = true
		if !c.below(key, 0, k, v) {
			return false
		}
	}
	for _, p := range n.patterns {
		if p.re.MatchString(string(key)) {
			known = true
			if !c.below(key, 0, p.node, v) {
				return false
			}
		}
	}
	if !known {
		if n.noExtra {
			return c.fail("is not a field of the schema", string(key))
		}
		if n.extra != nil && !c.below(key, 0, n.extra, v) {
			return false
		}
	}
	if n.names != nil && !c.passes(n.names, String(string(key))) {
		return c.fail("has a name that is not allowed", string(key))
	}
	return true
}

// schemaEqual is JSON Schema's equality: numbers by value, objects without order.
func schemaEqual(a, b Value) bool {
	if a.Type != b.Type || a.Type != typeObject && a.Type != typeArray {
		return sameKind(a, b) && Equal(a, b)
	}
	if a.Type == typeArray {
		return slices.EqualFunc(slices.Collect(Elements(a)), slices.Collect(Elements(b)), schemaEqual)
	}
	if count(a.Value) != count(b.Value) {
		return false
	}
	for e := walk(a.Value); e.next(); {
		other, ok := fieldOf(b.Value, string(e.key))
		if !ok || !schemaEqual(e.v, other) {
			return false
		}
	}
	return true
}

func sameKind(a, b Value) bool {
	return a.Type == b.Type || isNumber(a) && isNumber(b) && a.Type != bson.TypeNull
}
