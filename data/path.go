package data

import (
	"strings"

	"github.com/hutch-dev/hutch"
)

const (
	maxSegments = 32
	// maxIndexes bounds the ways in which indexes lead through arrays of objects
	// that have such names as well.
	maxIndexes = 8
)

// segment is a step of a path: a name and, where it spells one, an array index.
type segment struct {
	name  string
	index int // -1: no index
}

// parsePath splits a dotted path of 1 to 32 segments, each a field name or an
// array index.
func parsePath(path string) ([]segment, *hutch.Error) {
	n := strings.Count(path, ".") + 1
	if n > maxSegments {
		return nil, invalid(path, "a path has at most %d segments", maxSegments)
	}
	segs, indexes := make([]segment, 0, n), 0
	for name := range strings.SplitSeq(path, ".") {
		switch {
		case name == "":
			return nil, invalid(path, "a segment of the path is empty")
		case name[0] == '$':
			return nil, invalid(path, "a segment of a path may not begin with $")
		case strings.IndexByte(name, 0) >= 0:
			return nil, invalid(path, "a path may not hold NUL")
		}
		segs = append(segs, segment{name, indexOf(name)})
		if segs[len(segs)-1].index >= 0 {
			indexes++
		}
	}
	if indexes > maxIndexes {
		return nil, invalid(path, "a path has at most %d array indexes", maxIndexes)
	}
	return segs, nil
}

// CheckPath reports whether path is 1 to 32 segments, each a legal field name or
// an array index.
func CheckPath(path string) error {
	if _, err := parsePath(path); err != nil {
		return err
	}
	return nil
}

// indexOf is the array index that name spells, -1 if none.
func indexOf(name string) int {
	if len(name) == 0 || len(name) > 7 || name[0] == '0' && len(name) > 1 {
		return -1
	}
	n := 0
	for i := range len(name) {
		c := name[i]
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

func cutPath(path string) (name, rest string, more bool) { return strings.Cut(path, ".") }

// checkSystemPath refuses paths with a leading _ that are no system field.
func checkSystemPath(path string) *hutch.Error {
	if path[0] != '_' {
		return nil
	}
	switch path {
	case FieldID, FieldVersion, FieldCreated, FieldUpdated:
		return nil
	}
	return invalid(path, "there is no system field of this name")
}
