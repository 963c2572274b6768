package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"

	"github.com/hutch-dev/hutch/auth"
)

// newlines notes where the lines of what is read begin.
type newlines struct {
	in  io.Reader
	n   int64
	all []int64
}

func (l *newlines) Read(p []byte) (int, error) {
	n, err := l.in.Read(p)
	for i := range n {
		if p[i] == '\n' {
			l.all = append(l.all, l.n+int64(i))
		}
	}
	l.n += int64(n)
	return n, err
}

// line is the number of the line that holds an offset.
func (l *newlines) line(offset int64) int {
	return 1 + sort.Search(len(l.all), func(i int) bool { return l.all[i] >= offset })
}

var errNoFirebase = errors.New(`not an export of Firebase: an object with "users" is needed`)

// readFirebase reads {"users": [..]}, one account at a time.
func readFirebase(in io.Reader, config *auth.Firebase, each func(line int, user json.RawMessage, bad error) error) error {
	l := &newlines{in: in}
	d := json.NewDecoder(l)
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errNoFirebase
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return fmt.Errorf("%w: %w", errNoFirebase, err)
		}
		if name != "users" {
			var other json.RawMessage
			if err := d.Decode(&other); err != nil {
				return fmt.Errorf("%w: %w", errNoFirebase, err)
			}
			continue
		}
		if t, err := d.Token(); err != nil || t != json.Delim('[') {
			return errNoFirebase
		}
		for d.More() {
			var user json.RawMessage
			if err := d.Decode(&user); err != nil {
				return fmt.Errorf("line %d: %w", l.line(d.InputOffset()), err)
			}
			at := l.line(d.InputOffset() - int64(len(user)))
			line, bad := config.Line(user)
			if err := each(at, line, bad); err != nil {
				return err
			}
		}
		return nil
	}
	return errNoFirebase
}
