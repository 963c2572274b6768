package hutch

import "fmt"

// Pos is where a config text stands: lines and columns count from 1, columns
// in characters.
type Pos struct {
	File         string
	Line, Column int
}

func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Severity of a Diagnostic.
type Severity uint8

// The severities; errors keep a config from being used.
const (
	SeverityError Severity = iota
	SeverityWarning
)

func (s Severity) String() string {
	if s == SeverityWarning {
		return "warning"
	}
	return "error"
}

// Diagnostic is one finding about a config text.
type Diagnostic struct {
	Pos                 Pos
	Severity            Severity
	Code, Message, Hint string
}

func (d Diagnostic) String() string {
	s := d.Pos.String() + ": " + d.Severity.String() + ": " + d.Message
	if d.Hint != "" {
		s += "\n    " + d.Hint
	}
	return s
}

// Expr is an expression of hutch.yaml with the position of its first character.
type Expr struct {
	Text string
	Pos  Pos
}

// Secret is a value that never shows: it prints, logs and encodes as REDACTED.
type Secret string

func (s Secret) String() string { return "REDACTED" }

// GoString keeps %#v from showing the value.
func (s Secret) GoString() string { return "REDACTED" }

// MarshalText keeps encoders and slog from showing the value.
func (s Secret) MarshalText() ([]byte, error) { return []byte("REDACTED"), nil }

// Reveal is the value itself.
func (s Secret) Reveal() string { return string(s) }
