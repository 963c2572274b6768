package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// logger writes JSON, or lines for people, to stderr.
func (c *cli) logger(level string, json bool) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil || strings.ContainsAny(level, "+-") {
		return nil, usagef("--log-level is debug, info, warn or error, not %q", level)
	}
	if json {
		return slog.New(slog.NewJSONHandler(c.err, &slog.HandlerOptions{Level: l})), nil
	}
	return slog.New(&lineHandler{mu: &sync.Mutex{}, w: c.err, level: l}), nil
}

// lineHandler writes a record as a line: 15:04:05 WARN message key=value.
type lineHandler struct {
	mu     *sync.Mutex // one line at a time; guards w
	w      io.Writer
	level  slog.Level
	prefix string // of groups, e.g. "store."
	attrs  string // given by With
}

func (h *lineHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }

func (h *lineHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(r.Time.Format("15:04:05 "))
	if r.Level != slog.LevelInfo {
		b.WriteString(r.Level.String() + " ")
	}
	b.WriteString(printable(r.Message))
	b.WriteString(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		appendAttr(&b, h.prefix, a)
		return true
	})
	b.WriteByte('\n')
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := io.WriteString(h.w, b.String())
	return err
}

func appendAttr(b *strings.Builder, prefix string, a slog.Attr) {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, in := range v.Group() {
			appendAttr(b, prefix, in)
		}
		return
	}
	if a.Key == "" {
		return
	}
	s := v.String()
	if m, ok := v.Any().(interface{ MarshalText() ([]byte, error) }); ok {
		if text, err := m.MarshalText(); err == nil {
			s = string(text)
		}
	}
	if strings.ContainsAny(s, " \"=") || s == "" {
		s = strconv.Quote(s)
	}
	fmt.Fprintf(b, " %s=%s", printable(prefix+a.Key), printable(s))
}

// printable quotes what a terminal would act upon, or what would look like a line
// of its own: control characters, other directions of writing, what is no UTF-8.
func printable(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return s
	}
	return strconv.Quote(s)
}

func (h *lineHandler) WithAttrs(as []slog.Attr) slog.Handler {
	var b strings.Builder
	for _, a := range as {
		appendAttr(&b, h.prefix, a)
	}
	next := *h
	next.attrs += b.String()
	return &next
}

func (h *lineHandler) WithGroup(name string) slog.Handler {
	next := *h
	next.prefix += name + "."
	return &next
}
