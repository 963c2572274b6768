package rules

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"

	"github.com/hutch-dev/hutch"
)

// The codes of diagnostics.
const (
	codeSyntax = "rule-syntax"
	codeName   = "rule-name"
	codeType   = "rule-type"
	codeLimit  = "rule-limit"
	codeLookup = "rule-lookup"
	codeScan   = "rule-scan"
	codeConfig = "rule-config"
)

// finding is a diagnostic of one expression: line and column count from 1
// within its text.
type finding struct {
	line, col       int
	code, msg, hint string
}

// at places a finding in the file that e was read from. Lines of a block
// scalar share its indentation.
func (f finding) at(e hutch.Expr, what string) hutch.Diagnostic {
	p := e.Pos
	if p.Line > 0 {
		p.Line += max(f.line, 1) - 1
		p.Column += max(f.col, 1) - 1
	}
	msg := f.msg
	if what != "" {
		msg = what + ": " + msg
	}
	return hutch.Diagnostic{Pos: p, Code: f.code, Message: msg, Hint: f.hint}
}

// tidy sorts diagnostics by place and drops repetitions: one expression is
// compiled once for each operation it rules.
func tidy(ds []hutch.Diagnostic) []hutch.Diagnostic {
	slices.SortStableFunc(ds, func(a, b hutch.Diagnostic) int {
		return cmp.Or(strings.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column))
	})
	return slices.CompactFunc(ds, func(a, b hutch.Diagnostic) bool {
		return a.Pos == b.Pos && a.Code == b.Code && (a.Message == b.Message || a.Pos.Line > 0 && a.Hint == b.Hint && after(a.Message) == after(b.Message))
	})
}

// after is a message without the rule it speaks of.
func after(msg string) string {
	_, rest, _ := strings.Cut(msg, ": ")
	return rest
}

var (
	reUndeclared = regexp.MustCompile(`^undeclared reference to '([^']*)'`)
	reField      = regexp.MustCompile(`^undefined field '([^']*)'`)
	reOverload   = regexp.MustCompile(`^found no matching overload for '([^']*)' applied to '(.*)'`)
	reUnexpected = regexp.MustCompile(`^(?:token recognition error at|mismatched input|extraneous input|no viable alternative at input):? '([^']*)'`)
)

// explain turns what cel-go reports into findings; words are the names that a
// wrong one may have meant.
func explain(iss *cel.Issues, words func(name string) []string) []finding {
	var out []finding
	for _, e := range iss.Errors() {
		f := explainOne(e, words)
		if out = append(out, f); f.code == codeSyntax { // what follows is confusion
			break
		}
	}
	return out
}

func explainOne(e *common.Error, words func(string) []string) finding {
	f := finding{line: e.Location.Line(), col: e.Location.Column() + 1, code: codeType, msg: e.Message}
	if m := reUndeclared.FindStringSubmatch(e.Message); m != nil {
		f.code, f.msg, f.hint = codeName, fmt.Sprintf("unknown name %q", m[1]), didYouMean(m[1], words(""))
		switch why := elsewhere[m[1]]; {
		case why != "":
			f.msg, f.hint = fmt.Sprintf("%q is not available here", m[1]), why
		case later[m[1]] != "":
			f.hint = later[m[1]]
		}
		return f
	}
	if m := reField.FindStringSubmatch(e.Message); m != nil {
		f.code, f.msg, f.hint = codeName, fmt.Sprintf("unknown field %q", m[1]), didYouMean(m[1], words(m[1]))
		return f
	}
	if m := reOverload.FindStringSubmatch(e.Message); m != nil {
		f.msg = fmt.Sprintf("%s does not take %s", opName(m[1]), strings.ReplaceAll(m[2], schemaType, ""))
		return f
	}
	if text, ok := strings.CutPrefix(e.Message, "Syntax error: "); ok {
		f.code, f.msg = codeSyntax, "syntax error: "+text
		if m := reUnexpected.FindStringSubmatch(text); m != nil {
			f.msg = "syntax error: unexpected " + strings.TrimSpace(m[1])
			if m[1] == "<EOF>" {
				f.msg = "syntax error: the expression ends too early"
			} else if strings.TrimSpace(m[1]) == "=" {
				f.hint = "equality is =="
			}
		}
	}
	if strings.Contains(e.Message, "recursion") || strings.Contains(e.Message, "size exceeds") {
		f.code = codeLimit
	}
	return f
}

// elsewhere says where names have a meaning that have none in some rules.
var elsewhere = map[string]string{
	"auth":        "a default is the same for everybody: use preset",
	"resource":    "it is the stored document: of get, list, update and delete",
	"next":        "it is the document after the write: of create and update",
	"input":       "it is what a function is called with: of auth",
	"id":          "it is the id of the document: of the rules of a collection",
	"params":      "it is not in this version",
	"changed":     "it compares the stored and the new document: of update",
	"changedOnly": "it compares the stored and the new document: of update",
	"get":         "rules of collections look up documents",
	"exists":      "rules of collections look up documents",
}

// later are names that this version does not have.
var later = map[string]string{
	"lookup": "lookup() is not in this version", "count": "count() is not in this version",
	"getAfter": "getAfter() is not in this version", "existsAfter": "existsAfter() is not in this version",
}

// opName is how an operator is written: "_==_" is ==.
func opName(fn string) string {
	switch fn {
	case "@in":
		return "in"
	case "_[_]":
		return "[]"
	case "_?_:_":
		return "?:"
	}
	return strings.ReplaceAll(strings.TrimPrefix(fn, "@"), "_", "")
}

// didYouMean is the hint with the nearest word, empty when none is near.
func didYouMean(name string, words []string) string {
	if best := hutch.Nearest(name, words); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return ""
}
