package config

import (
	"regexp"
	"strings"
)

var keyBefore = regexp.MustCompile(`([A-Za-z_][\w.()-]*|"[^"]*"|'[^']*')\s*:\s+`)

// quoted finds the value of a line that covers the column (from 1) and gives
// `key: "value"`, as it must be written; "" when there is no such value or it
// is quoted as a whole.
func quoted(line string, col int) string {
	runes := []rune(line)
	at := len(string(runes[:min(max(col-1, 0), len(runes))]))
	start, end, key := -1, 0, ""
	for _, m := range keyBefore.FindAllStringSubmatchIndex(line, -1) {
		if m[1] > at {
			break
		}
		if inText(line[:m[0]]) { // a key within quotes is none
			continue
		}
		start, key = m[1], line[m[2]:m[3]]
	}
	if start < 0 || start >= len(line) || line[start] == '{' && strings.Contains(line[start:], ": ") {
		return ""
	}
	flow := strings.Count(line[:start], "{") > strings.Count(line[:start], "}")
	end = valueEnd(line, start, flow)
	v := strings.TrimSpace(line[start:end])
	if v == "" || whole(v) {
		return ""
	}
	if strings.ContainsAny(v, `"\`) {
		return key + ": '" + strings.ReplaceAll(v, "'", "''") + "'"
	}
	return key + `: "` + v + `"`
}

// inText reports whether an odd number of double quotes stand before.
func inText(before string) bool { return strings.Count(before, `"`)%2 == 1 }

// whole reports whether v is one quoted text already.
func whole(v string) bool {
	q := v[0]
	return (q == '"' || q == '\'') && len(v) > 1 && strings.IndexByte(v[1:], q) == len(v)-2
}

// valueEnd is where the value that begins at start ends, as its author meant
// it: at a comment or, in flow style, at a comma or brace outside brackets and
// quotes.
func valueEnd(line string, start int, flow bool) int {
	depth, quote := 0, byte(0)
	for i := start; i < len(line); i++ {
		c := line[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '#' && i > 0 && line[i-1] == ' ':
			return i
		case c == '(' || c == '[' || c == '{':
			depth++
		case flow && depth == 0 && (c == ',' || c == '}'):
			return i
		case c == ')' || c == ']' || c == '}':
			depth--
		}
	}
	return len(line)
}
