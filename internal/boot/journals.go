package boot

import (
	"cmp"
	"context"
	"encoding/json"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hutch-dev/hutch/config"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
	"github.com/hutch-dev/hutch/server"
)

// The journals: requests; the server's log and the requests that it failed; runs;
// what failed ones got and gave; counts of runs. `logs:` bounds them.
const (
	logsCollection   = "_logs"
	linesCollection  = "_lines"
	runsCollection   = "_runs"
	inputsCollection = "_inputs"
	countsCollection = "_counts"

	countSize = 32 << 20
)

// journalCollections are those of the journals here.
func journalCollections() []string {
	return []string{logsCollection, linesCollection, runsCollection, inputsCollection, countsCollection}
}

// journal is one that is flushed and swept until the app ends.
func (a *App) journal(coll string, kept config.Kept) *data.Journal {
	j := data.NewJournal(data.JournalOptions{
		System: a.Data.System(coll), Collection: coll, Lease: a.Data.Lease("journal "+coll, 2*time.Minute), Node: a.o.Host,
		Age: kept.Keep, MaxBytes: kept.Size, Now: a.o.Now, Log: a.log,
	})
	a.upkeep.Go(func() { j.Run(a.base) })
	return j
}

// openJournals keeps runs, and from here on the log.
func (a *App) openJournals() {
	c := a.o.Config.Logs
	inputs := cmp.Or(c.Inputs.Keep, -1)
	a.logs, a.lines = a.journal(logsCollection, c.Kept), a.journal(linesCollection, c.Kept)
	a.runs = functions.NewRuns(functions.RunsOptions{
		Runs:   a.journal(runsCollection, c.Runs),
		Inputs: a.journal(inputsCollection, c.Inputs),
		Counts: a.journal(countsCollection, config.Kept{Keep: functions.CountsLife, Size: countSize}),
		Now:    a.o.Now, InputsLife: inputs,
	})
	a.upkeep.Go(func() { a.runs.Run(a.base) })
	a.Data.OnErase(a.runs.Forget)
	for _, j := range []*data.Journal{a.logs, a.lines} {
		a.Data.OnErase(func(ctx context.Context, ids []string) error {
			return j.Forget(ctx, ids, func([]byte, []string) []byte { return nil })
		})
	}
	a.keeper.journal.Store(a.lines)
}

// unkept are the records that are kept in another shape, and those of `dev` that
// hold ways in.
var unkept = []string{"request", "function ran", "mail, not sent"}

const (
	maxLogAttrs = 24
	maxLogValue = 4 << 10 // bytes
	maxSource   = 1 << 20 // bytes of a file that is shown

	linesPerSecond = 100 // of a level
)

// keeper passes records on and keeps those of level info and above, but for what
// is kept in another shape: requests and runs.
type keeper struct {
	next    slog.Handler
	journal *atomic.Pointer[data.Journal]
	attrs   []slog.Attr
	group   string
}

func newKeeper(next slog.Handler) *keeper {
	return &keeper{next: next, journal: &atomic.Pointer[data.Journal]{}}
}

func (k *keeper) Enabled(ctx context.Context, l slog.Level) bool {
	return k.next.Enabled(ctx, l) || l >= slog.LevelInfo && k.journal.Load() != nil
}

func (k *keeper) Handle(ctx context.Context, r slog.Record) error {
	if j := k.journal.Load(); j != nil && r.Level >= slog.LevelInfo && !slices.Contains(unkept, r.Message) {
		l := server.LogLine{Level: "info", Message: clip(r.Message), Attrs: map[string]string{}}
		switch {
		case r.Level >= slog.LevelError:
			l.Level = "error"
		case r.Level >= slog.LevelWarn:
			l.Level = "warn"
		}
		if !j.Take(l.Level, 1, linesPerSecond) {
			return k.pass(ctx, r)
		}
		for _, at := range k.attrs {
			addAttr(&l, "", at)
		}
		r.Attrs(func(at slog.Attr) bool {
			addAttr(&l, k.group, at)
			return true
		})
		body, marks := l.Entry()
		j.Add(body, marks...)
	}
	return k.pass(ctx, r)
}

func (k *keeper) pass(ctx context.Context, r slog.Record) error {
	if !k.next.Enabled(ctx, r.Level) {
		return nil
	}
	return k.next.Handle(ctx, r)
}

func addAttr(l *server.LogLine, prefix string, at slog.Attr) {
	v := at.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		for _, kid := range v.Group() {
			addAttr(l, prefix+at.Key+".", kid)
		}
		return
	}
	switch s := v.String(); {
	case at.Key == "" || s == "" || len(l.Attrs) >= maxLogAttrs:
	case prefix+at.Key == "request_id":
		l.RequestID = clip(s)
	default:
		l.Attrs[prefix+at.Key] = clip(s)
	}
}

func clip(s string) string {
	if len(s) > maxLogValue {
		return s[:maxLogValue] + "…"
	}
	return s
}

func (k *keeper) WithAttrs(as []slog.Attr) slog.Handler {
	c := *k
	c.next = k.next.WithAttrs(as)
	c.attrs = slices.Clone(k.attrs)
	for _, at := range as {
		at.Key = k.group + at.Key
		c.attrs = append(c.attrs, at)
	}
	return &c
}

func (k *keeper) WithGroup(name string) slog.Handler {
	c := *k
	c.next, c.group = k.next.WithGroup(name), k.group+name+"."
	return &c
}

// declaredCode are the functions as the Functions page tells of them.
func (r *release) declaredCode(fsys fs.FS) []server.DeclaredFunction {
	out := make([]server.DeclaredFunction, len(r.config.Functions))
	for i := range r.config.Functions {
		f := &r.config.Functions[i]
		out[i] = server.DeclaredFunction{Name: f.Name, Auth: f.Auth.Text, Handler: f.Handler, Pos: f.Pos}
		if k := slices.IndexFunc(r.functions, func(l functions.Function) bool { return l.Name == f.Name }); k >= 0 {
			out[i].Sources = sourcesOf(fsys, r.functions[k].Bundle.SourceMap, f.Handler)
		}
	}
	return out
}

// sourcesOf reads the files of the app that a bundle was made of, the handler first.
func sourcesOf(fsys fs.FS, sourceMap []byte, handler string) []server.SourceFile {
	var m struct {
		Sources []string `json:"sources"`
	}
	if json.Unmarshal(sourceMap, &m) != nil {
		return nil
	}
	names := slices.DeleteFunc(m.Sources, func(name string) bool {
		return name == handler || strings.Contains(name, "node_modules/") || !fs.ValidPath(name)
	})
	var out []server.SourceFile
	for _, name := range append([]string{handler}, names...) {
		if text, err := fs.ReadFile(fsys, name); err == nil && len(text) <= maxSource {
			out = append(out, server.SourceFile{File: name, Text: string(text)})
		}
	}
	return out
}

// sensitive are the names of all fields that a schema of the app marks so.
func (b *compiler) sensitive() (names []string) {
	for _, s := range b.schemas {
		if s != nil {
			names = append(names, functions.SensitiveFields(s.JSON())...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
