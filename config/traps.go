package config

import (
	"strings"

	"github.com/goccy/go-yaml/token"
)

// The traps of YAML: what looks like text and silently becomes something else.

// scan reports every trap; false when the nesting is too deep to parse.
func (r *reader) scan(tokens token.Tokens) bool {
	flow, seq, line, told := 0, 0, 0, ""
	for _, t := range tokens {
		p := t.Position
		if p.Line != line {
			line, seq, told = p.Line, 0, ""
		}
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			flow++
		case token.MappingEndType, token.SequenceEndType:
			flow--
		case token.SequenceEntryType:
			seq++
		}
		if flow+seq > maxDepth || p.Column > 4096 && flow == 0 && t.Type == token.MappingValueType {
			r.fail(p.Line, p.Column, codeSyntax, "nested too deep", "")
			return false
		}
		what, hint := trap(t.Type), ""
		if what == "" {
			continue
		}
		r.traps[[2]int{p.Line, p.Column}] = true
		if t.Type != token.MergeKeyType && t.Type != token.AnchorType || told != "" {
			if q := quoted(r.line(p.Line), p.Column); q != "" {
				hint = "if it is text, quote it: " + q
			}
		}
		if hint != "" && hint == told {
			continue // the same value
		}
		told = hint
		r.fail(p.Line, p.Column, codeTrap, what, hint)
	}
	return true
}

// without is the text with each trap's token replaced by a null of its width.
func (r *reader) without(tokens token.Tokens) []byte {
	lines := make([][]rune, len(r.lines))
	for i, l := range r.lines {
		lines[i] = []rune(l)
	}
	for _, t := range tokens {
		at := t.Position
		if trap(t.Type) == "" || at.Line > len(lines) {
			continue
		}
		line := lines[at.Line-1]
		for i := range max(1, len([]rune(t.Value))) {
			if c := at.Column - 1 + i; c < len(line) {
				line[c] = ' '
			}
		}
		if at.Column <= len(line) {
			line[at.Column-1] = '~'
		}
	}
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(string(l) + "\n")
	}
	return []byte(b.String())
}

func trap(t token.Type) string {
	switch t {
	case token.TagType:
		return "a YAML tag (!..) is not allowed: it would silently become null"
	case token.AnchorType:
		return "a YAML anchor (&..) is not allowed"
	case token.AliasType:
		return "a YAML alias (*..) is not allowed"
	case token.MergeKeyType:
		return "a YAML merge key (<<) is not allowed"
	case token.MappingKeyType:
		return "a YAML complex key (?) is not allowed"
	case token.DirectiveType:
		return "a YAML directive (%..) is not allowed"
	}
	return ""
}
