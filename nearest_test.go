package hutch_test

import (
	"testing"

	"github.com/hutch-dev/hutch"
)

func TestNearest(t *testing.T) {
	among := []string{"read", "write", "collections", "resource"}
	for name, want := range map[string]string{
		"raed": "read", "resorce": "resource", "Collection": "collections", "x": "", "entirely different": "", "read": "read",
	} {
		if got := hutch.Nearest(name, among); got != want {
			t.Errorf("%q is nearest to %q, want %q", name, got, want)
		}
	}
}
