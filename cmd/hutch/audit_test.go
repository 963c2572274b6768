package main

import "testing"

// TestTheAuditSteersNoTerminal: what operators and users name is shown as text.
func TestTheAuditSteersNoTerminal(t *testing.T) {
	for in, want := range map[string]string{
		"orders": "orders", "Größe 한국어": "Größe 한국어", "a\x1b[2Jb\x07": "a[2Jb", "x\u202egpj.exe": "xgpj.exe", "\u2066a\u2069\u200f": "a",
		"one\ttwo\nthree\r": "onetwothree", "\u009b31m": "31m", "\xff!": "!",
	} {
		if got := shownText(in); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
}
