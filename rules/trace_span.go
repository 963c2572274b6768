package rules

import (
	"unicode"
	"unicode/utf16"

	"cel.dev/cel-go/common/ast"
)

// span is a part of a text, in runes.
type span struct{ from, to int }

// spans finds the text of each expression of a parsed one. cel-go knows where a
// name, a literal or an operator stands; what an expression covers is all of it
// with the brackets that belong together and the name before them.
func spans(src string, root ast.Expr, info *ast.SourceInfo) map[int64]span {
	s := &spanner{text: []rune(src), info: info, out: map[int64]span{}}
	s.visit(root)
	return s.out
}

type spanner struct {
	text []rune
	info *ast.SourceInfo
	out  map[int64]span
}

func (s *spanner) visit(e ast.Expr) (at span, ok bool) {
	if r, found := s.info.GetOffsetRange(e.ID()); found {
		from := min(int(r.Start), len(s.text))
		at, ok = span{from, s.token(from)}, true
	}
	add := func(kids ...ast.Expr) {
		for _, k := range kids {
			sub, has := s.visit(k)
			switch {
			case !has:
			case !ok:
				at, ok = sub, true
			default:
				at = span{min(at.from, sub.from), max(at.to, sub.to)}
			}
		}
	}
	switch e.Kind() {
	case ast.SelectKind:
		add(e.AsSelect().Operand())
	case ast.CallKind:
		if c := e.AsCall(); c.IsMemberFunction() {
			add(c.Target())
		}
		add(e.AsCall().Args()...)
	case ast.ListKind:
		add(e.AsList().Elements()...)
	case ast.MapKind:
		for _, en := range e.AsMap().Entries() {
			add(en.AsMapEntry().Key(), en.AsMapEntry().Value())
		}
	case ast.ComprehensionKind:
		add(e.AsComprehension().IterRange(), e.AsComprehension().LoopStep())
	default:
	}
	if ok {
		at = s.whole(at, e.Kind() == ast.SelectKind && !e.AsSelect().IsTestOnly())
		s.out[e.ID()] = at
	}
	return at, ok
}

// token is the end of the name, literal or operator at i; cel-go counts the ends
// of some in bytes.
func (s *spanner) token(i int) int {
	if i >= len(s.text) {
		return len(s.text)
	}
	if s.text[i] == '-' {
		i++
	}
	from := i
	for i < len(s.text) && (word(s.text[i]) || i > from && s.text[i] == '.' && unicode.IsDigit(s.text[from])) {
		i++
	}
	if i == len(s.text) || s.text[i] != '"' && s.text[i] != '\'' {
		return max(i, min(from+1, len(s.text)))
	}
	quote, n, raw := s.text[i], 1, i > from && (s.text[from] == 'r' || s.text[from] == 'R')
	if i+2 < len(s.text) && s.text[i+1] == quote && s.text[i+2] == quote {
		n = 3
	}
	for i += n; i < len(s.text); i++ {
		switch {
		case s.text[i] == '\\' && !raw:
			i++
		case s.text[i] == quote && (n == 1 || i+2 < len(s.text) && s.text[i+1] == quote && s.text[i+2] == quote):
			return i + n
		}
	}
	return len(s.text)
}

// whole widens a span to names and balanced brackets.
func (s *spanner) whole(at span, selects bool) span {
	if selects { // the name behind the point
		for at.to < len(s.text) && (s.text[at.to] == '.' || s.text[at.to] == '?' || word(s.text[at.to])) {
			at.to++
		}
	}
	open, lost := 0, 0
	scan := func(from, to int) {
		var quote rune
		for i := from; i < to; i++ {
			switch c := s.text[i]; {
			case quote != 0:
				if c == '\\' {
					i++
				} else if c == quote {
					quote = 0
				}
			case c == '"' || c == '\'':
				quote = c
			case c == '(' || c == '[' || c == '{':
				open++
			case c == ')' || c == ']' || c == '}':
				if open > 0 {
					open--
				} else {
					lost++
				}
			}
		}
	}
	scan(at.from, at.to)
	for ; lost > 0 && at.from > 0; at.from-- {
		if c := s.text[at.from-1]; c == '(' || c == '[' || c == '{' {
			lost--
		}
	}
	for open > 0 && at.to < len(s.text) {
		open = 0
		at.to++
		scan(at.from, at.to)
	}
	if at.from < len(s.text) && s.text[at.from] == '(' {
		for at.from > 0 && word(s.text[at.from-1]) {
			at.from--
		}
	}
	return at
}

func word(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// units counts a span in UTF-16, as editors do.
func (at span) units(src []rune) (from, to int) {
	from = len(utf16.Encode(src[:min(at.from, len(src))]))
	return from, from + len(utf16.Encode(src[min(at.from, len(src)):min(at.to, len(src))]))
}
