package data

// Type is what a schema says of a path.
type Type struct {
	Kind     string // bool int double number string date binary objectId array object; "" = unknown
	MaxItems int    // of an array; 0 = unknown
	NoArray  bool   // the schema excludes arrays at this path
}

// Type gives the type of a path and whether the document must have it. The
// segment "[]" is an array's element.
func (s *Schema) Type(path ...string) (t Type, required bool) {
	nodes, required := conjuncts(s.top, nil, 0), true
	for _, seg := range path {
		var next []*schemaNode
		must := false
		for _, n := range nodes {
			if seg == "[]" {
				if len(n.prefix) == 0 && n.items != nil {
					next = conjuncts(n.items, next, 0)
				}
				must = true
				continue
			}
			k := n.props[seg]
			if k != nil {
				next = conjuncts(k, next, 0)
			} else if n.extra != nil && len(n.patterns) == 0 {
				next = conjuncts(n.extra, next, 0)
			}
			for _, r := range n.required {
				must = must || r == seg
			}
		}
		nodes, required = next, required && must
	}
	for _, n := range nodes {
		n.describe(&t)
	}
	return t, required
}

// conjuncts collects the nodes that all hold where n does: itself, $ref, allOf.
func conjuncts(n *schemaNode, to []*schemaNode, depth int) []*schemaNode {
	if n == nil || depth > 16 {
		return to
	}
	to = append(to, n)
	to = conjuncts(n.ref, to, depth+1)
	for _, k := range n.all {
		to = conjuncts(k, to, depth+1)
	}
	return to
}

// describe adds what one node says.
func (n *schemaNode) describe(t *Type) {
	if n.types != 0 && n.types&jsonArray == 0 || n.bson != "" {
		t.NoArray = true
	}
	if len(n.consts) > 0 {
		none := true
		for _, v := range n.consts {
			none = none && v.Type != typeArray
		}
		t.NoArray = t.NoArray || none
	}
	if n.lib.MaxItems != nil && n.types == jsonArray {
		t.MaxItems = *n.lib.MaxItems
	}
	if n.bson != "" {
		t.Kind = map[string]string{"date": "date", "decimal": "number", "binData": "binary", "objectId": "objectId", "long": "int"}[n.bson]
		return
	}
	switch n.types {
	case jsonBool:
		t.Kind = "bool"
	case jsonInteger:
		t.Kind = "int"
	case jsonNumber | jsonInteger:
		if t.Kind != "int" {
			t.Kind = "number"
		}
	case jsonString:
		t.Kind = "string"
	case jsonArray:
		t.Kind = "array"
	case jsonObject:
		t.Kind = "object"
	}
}
