package config

import (
	"strings"
)

// expand replaces ${NAME} and ${NAME:-default} in s, once: what a variable
// holds is not looked at again. fromEnv says that s was not wholly written in
// the file. problem is for the reader of a finding and holds no value.
func expand(s string, lookup func(string) (string, bool)) (out string, fromEnv bool, problem string) {
	if !strings.Contains(s, "${") {
		return s, false, ""
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "${")
		b.WriteString(before)
		if !found {
			return b.String(), true, ""
		}
		inside, after, closed := strings.Cut(rest, "}")
		if !closed {
			return "", true, "${ without }"
		}
		name, def, hasDefault := strings.Cut(inside, ":-")
		if !variable(name) {
			return "", true, "${..} takes a variable's name: ${NAME} or ${NAME:-default}"
		}
		v, set := lookup(name)
		switch {
		case hasDefault && v == "": // unset or empty, as in a shell
			v = def
		case !hasDefault && !set:
			return "", true, "the variable " + name + " is not set"
		}
		b.WriteString(v)
		s = after
	}
}

func variable(s string) bool {
	for i, c := range s {
		letter := c == '_' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}
