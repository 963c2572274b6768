package quickjs

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// frame is a line of a stack: name, file, line, column.
var frame = regexp.MustCompile(`^\s*at (.*?) ?\(?(<[^<>]*>|native)(?::(\d+)(?::(\d+))?)?\)?$`)

const maxFrames = 32

// trace maps a stack to the sources; frames of the prelude and of the engine
// are left out.
func (m *module) trace(stack string) string {
	var out []string
	for l := range strings.Lines(stack) {
		l = strings.TrimRight(l, "\n")
		if len(out) == maxFrames {
			break
		}
		if f := frame.FindStringSubmatch(l); f != nil {
			if l = m.frame(f); l != "" {
				out = append(out, l)
			}
		} else if strings.HasPrefix(l, "caused by ") {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n")
}

// mapText maps the frames in a console line.
func (m *module) mapText(s string) string {
	if !strings.Contains(s, "<eval>:") {
		return s
	}
	var out []string
	for l := range strings.SplitSeq(s, "\n") {
		if f := frame.FindStringSubmatch(l); f != nil {
			if l = m.frame(f); l == "" {
				continue
			}
			l = "    " + l
		}
		out = append(out, l)
	}
	return strings.Join(out, "\n")
}

// frame is a frame of a stack in the sources, "" where it is not of the bundle.
func (m *module) frame(f []string) string {
	line, _ := strconv.Atoi(f[3])
	column, _ := strconv.Atoi(f[4])
	if line < userLine {
		return ""
	}
	place := m.position(line-userLine, column-1)
	if f[1] == "" || strings.HasPrefix(f[1], "<") {
		return "at " + place
	}
	return fmt.Sprintf("at %s (%s)", f[1], place)
}

// position of a place in the bundle, both counted from 0.
func (m *module) position(line, column int) string {
	m.once.Do(func() { m.smap = parseSourceMap(m.bundle.SourceMap) })
	if p, ok := m.smap.find(line, column); ok {
		return p
	}
	return fmt.Sprintf("%s.js:%d:%d", m.bundle.Function, line+1, column+1)
}

// sourceMap is a decoded source map (version 3).
type sourceMap struct {
	sources []string
	lines   [][]segment
}

type segment struct{ column, source, line, sourceColumn int }

// parseSourceMap gives nil for what is none.
func parseSourceMap(js []byte) *sourceMap {
	var w struct {
		Sources  []string
		Mappings string
	}
	if len(js) == 0 || json.Unmarshal(js, &w) != nil {
		return nil
	}
	m := &sourceMap{sources: w.Sources}
	var s segment
	for l := range strings.SplitSeq(w.Mappings, ";") {
		var segs []segment
		s.column = 0
		for field := range strings.SplitSeq(l, ",") {
			n, count := vlq(field)
			if count < 1 {
				continue
			}
			s.column += n[0]
			if count >= 4 {
				s.source += n[1]
				s.line += n[2]
				s.sourceColumn += n[3]
				segs = append(segs, s)
			}
		}
		m.lines = append(m.lines, segs)
	}
	return m
}

func (m *sourceMap) find(line, column int) (string, bool) {
	if m == nil || line < 0 || line >= len(m.lines) {
		return "", false
	}
	segs := m.lines[line]
	i, exact := slices.BinarySearchFunc(segs, column, func(s segment, c int) int { return s.column - c })
	if !exact {
		i--
	}
	if i < 0 || segs[i].source < 0 || segs[i].source >= len(m.sources) {
		return "", false
	}
	s := segs[i]
	return fmt.Sprintf("%s:%d:%d", m.sources[s.source], s.line+1, s.sourceColumn+1), true
}

const base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// vlq decodes up to five numbers of a source map's segment.
func vlq(s string) (n [5]int, count int) {
	value, shift := 0, 0
	for i := range len(s) {
		d := strings.IndexByte(base64Digits, s[i])
		if d < 0 || shift > 30 || count == len(n) {
			return n, 0
		}
		value |= (d & 31) << shift
		if shift += 5; d&32 != 0 {
			continue
		}
		if n[count] = value >> 1; value&1 != 0 {
			n[count] = -n[count]
		}
		count++
		value, shift = 0, 0
	}
	return n, count
}
