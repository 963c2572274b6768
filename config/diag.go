package config

import (
	"cmp"
	"slices"

	"github.com/hutch-dev/hutch"
)

// The codes of findings, for machines.
const (
	codeSyntax    = "yaml"
	codeTrap      = "yaml_trap"
	codeTwice     = "twice"
	codeUnknown   = "unknown_key"
	codeMissing   = "missing"
	codeType      = "type"
	codeValue     = "value"
	codeEnv       = "env"
	codeFile      = "file"
	codeReference = "reference"
	codeAuth      = "auth"
	codeRoute     = "route"
	codeWeb       = "web"
)

// sortDiags orders findings by file, in the order files were read, then place.
func sortDiags(ds []hutch.Diagnostic, files []string) {
	slices.SortStableFunc(ds, func(a, b hutch.Diagnostic) int {
		return cmp.Or(
			cmp.Compare(slices.Index(files, a.Pos.File), slices.Index(files, b.Pos.File)),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column),
		)
	})
}

// Errors reports whether a finding keeps the config from being used.
func Errors(ds []hutch.Diagnostic) bool {
	return slices.ContainsFunc(ds, func(d hutch.Diagnostic) bool { return d.Severity == hutch.SeverityError })
}
