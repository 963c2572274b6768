package config

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/hutch-dev/hutch"
)

const (
	maxFile  = 1 << 20
	maxDepth = 64
)

type nodeKind uint8

const (
	scalarNode nodeKind = iota
	nullNode
	mapNode
	listNode
	badNode // a trap that has been reported
)

// node is a YAML value without what hutch.yaml does not have.
type node struct {
	kind   nodeKind
	pos    hutch.Pos // of a quoted scalar the quote, of a block the first key
	first  hutch.Pos // of a scalar: the first character of its text
	text   string    // of a scalar
	style  byte      // of a scalar: 0 plain, '"', '\'', '|', 'n' number, 'b' boolean
	fields []field
	items  []*node
}

type field struct {
	key   string
	pos   hutch.Pos
	value *node
}

// describe says what n is, for messages; it never shows a value.
func (n *node) describe() string {
	switch n.kind {
	case nullNode:
		return "nothing"
	case mapNode:
		return "a mapping"
	case listNode:
		return "a list"
	}
	switch n.style {
	case 'n':
		return "a number"
	case 'b':
		return "true or false"
	}
	return "text"
}

// parse reads a file into nodes; nil where diagnostics tell why not.
func parse(file string, src []byte, report func(hutch.Diagnostic)) (root *node) {
	fail := func(line, col int, code, msg, hint string) {
		report(hutch.Diagnostic{Pos: hutch.Pos{File: file, Line: line, Column: col}, Code: code, Message: msg, Hint: hint})
	}
	defer func() {
		if r := recover(); r != nil { // goccy meets texts it did not expect
			root = nil
			fail(1, 1, codeSyntax, "the file is no YAML that can be read", "")
		}
	}()
	if len(src) > maxFile {
		fail(1, 1, codeSyntax, "the file is larger than 1 MiB", "")
		return nil
	}
	src = bytes.ReplaceAll(bytes.TrimPrefix(src, []byte("\uFEFF")), []byte("\r\n"), []byte("\n"))
	for i, line := range bytes.Split(src, []byte("\n")) {
		if c, what := badText(line); what != "" {
			fail(i+1, c, codeSyntax, what, "")
			return nil
		}
	}
	r := &reader{file: file, lines: strings.Split(string(src), "\n"), traps: map[[2]int]bool{}, fail: fail}
	tokens := lexer.Tokenize(string(src))
	if !r.scan(tokens) {
		return nil
	}
	f, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil && len(r.traps) > 0 { // the trap explains it; look for more
		f, err = parser.ParseBytes(r.without(tokens), 0, parser.AllowDuplicateMapKey())
		if err != nil {
			return nil
		}
	}
	if err != nil {
		r.syntax(err)
		return nil
	}
	for _, d := range f.Docs {
		if d.Body == nil || d.Body.Type() == ast.DirectiveType {
			continue
		}
		if root != nil {
			p := d.Body.GetToken().Position
			fail(p.Line, 1, codeSyntax, "a second document in one file", "remove the line with ---")
			return root
		}
		root = r.node(d.Body, 0)
	}
	if root == nil {
		root = &node{kind: mapNode, pos: hutch.Pos{File: file, Line: 1, Column: 1}}
	}
	return root
}

// badText finds what no text file holds, with its column.
func badText(line []byte) (col int, what string) {
	for i, c := 0, 1; i < len(line); c++ {
		r, n := utf8.DecodeRune(line[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			return c, "the file is not UTF-8"
		case r < ' ' && r != '\t' || r == 0x7f:
			return c, "a control character"
		}
		i += n
	}
	return 0, ""
}

type reader struct {
	file  string
	lines []string
	traps map[[2]int]bool // line and column of tags, anchors, aliases, merge keys
	fail  func(line, col int, code, msg, hint string)
}

func (r *reader) line(n int) string {
	if n < 1 || n > len(r.lines) {
		return ""
	}
	return r.lines[n-1]
}

// written reports whether one of words stands at p, in any case of letters.
func (r *reader) written(p hutch.Pos, words ...string) bool {
	line := []rune(r.line(p.Line))
	if p.Column > len(line) {
		return false
	}
	rest := strings.ToLower(string(line[p.Column-1:]))
	return slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(rest, w) })
}

// below is where the text of a block scalar begins.
func (r *reader) below(p hutch.Pos) hutch.Pos {
	for n := p.Line + 1; n <= len(r.lines); n++ {
		if line := r.line(n); strings.TrimSpace(line) != "" {
			return hutch.Pos{File: r.file, Line: n, Column: 1 + len(line) - len(strings.TrimLeft(line, " "))}
		}
	}
	return p
}

func (r *reader) syntax(err error) {
	line, col, msg := 1, 1, err.Error()
	if ye, ok := errors.AsType[yaml.Error](err); ok {
		msg = ye.GetMessage()
		if t := ye.GetToken(); t != nil && t.Position != nil {
			line, col = t.Position.Line, t.Position.Column
		}
	}
	hint := ""
	if q := quoted(r.line(line), col); q != "" {
		hint = "if it is text, quote it: " + q
	}
	r.fail(line, col, codeSyntax, "YAML: "+strings.TrimSpace(msg), hint)
}

func (r *reader) pos(t *token.Token) hutch.Pos {
	return hutch.Pos{File: r.file, Line: t.Position.Line, Column: t.Position.Column}
}

// node converts n; a value's own trap makes it a badNode.
func (r *reader) node(n ast.Node, depth int) *node {
	out := &node{pos: r.pos(n.GetToken())}
	out.first = out.pos
	if depth > maxDepth {
		r.fail(out.pos.Line, out.pos.Column, codeSyntax, "nested too deep", "")
		out.kind = badNode
		return out
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		return r.mapping(out, n.Values, depth)
	case *ast.MappingValueNode:
		return r.mapping(out, []*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		out.kind = listNode
		for _, v := range n.Values {
			out.items = append(out.items, r.node(v, depth+1))
		}
	case *ast.StringNode:
		out.text = n.Value
		switch n.Token.Type {
		case token.DoubleQuoteType:
			out.style = '"'
			out.first.Column++
		case token.SingleQuoteType:
			out.style = '\''
			out.first.Column++
		}
	case *ast.LiteralNode:
		out.text, out.style = n.Value.Value, '|'
		out.first = r.below(out.pos)
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		out.text, out.style = strings.TrimSpace(n.GetToken().Value), 'n'
	case *ast.BoolNode:
		out.text, out.style = fmt.Sprint(n.Value), 'b'
	case *ast.NullNode:
		out.kind = nullNode
		if !r.written(out.pos, "null", "~") {
			out.first = hutch.Pos{} // nothing stands nowhere
		}
	default: // tags, anchors, aliases: reported by scan
		out.kind = badNode
	}
	if r.traps[[2]int{out.pos.Line, out.pos.Column}] {
		out.kind = badNode
	}
	return out
}

func (r *reader) mapping(out *node, values []*ast.MappingValueNode, depth int) *node {
	out.kind = mapNode
	seen := map[string]hutch.Pos{}
	for i, v := range values {
		kt := v.Key.GetToken()
		f := field{key: kt.Value, pos: r.pos(kt)}
		if i == 0 && out.pos.Column > f.pos.Column && out.pos.Line == f.pos.Line {
			out.pos = f.pos // a block begins at its first key, not at the colon
		}
		switch v.Key.(type) {
		case *ast.MergeKeyNode, *ast.MappingKeyNode, *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
			continue // reported by scan
		}
		if first, ok := seen[f.key]; ok {
			r.fail(f.pos.Line, f.pos.Column, codeTwice, fmt.Sprintf("key %q stands twice", f.key),
				fmt.Sprintf("first at %s", first))
			continue
		}
		seen[f.key] = f.pos
		f.value = r.node(v.Value, depth+1)
		if f.value.kind == nullNode && f.value.first.Line == 0 {
			f.value.pos = f.pos
		}
		out.fields = append(out.fields, f)
	}
	return out
}
