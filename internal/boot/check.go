package boot

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/config"
	"github.com/hutch-dev/hutch/data"
)

// Findings is what Check tells about an app.
type Findings struct {
	Diagnostics []hutch.Diagnostic
	Admin       []string // functions with ctx.admin.db
}

// Check compiles all that an app folder holds, without a store.
func Check(ctx context.Context, o Options) Findings {
	_, ds := compile(ctx, &o, o.Config)
	return Findings{Diagnostics: ds, Admin: admins(o.Config)}
}

// keyPattern finds service keys (auth's keyPrefix, scope, id, secret).
var keyPattern = regexp.MustCompile(`hutch_sk_[a-z]+_[0-9A-Za-z]{8,}`)

const maxScannedFile = 8 << 20

// serviceKeys refuses keys where everybody reads them: in pages and bundles.
func (b *compiler) serviceKeys(r *release) {
	for name, text := range r.pages {
		if keyPattern.Match(text) {
			b.errorf(hutch.Pos{File: b.c.Web + "/" + name}, codeKey, "revoke it: hutch key revoke", "the built page holds a service key")
		}
	}
	for _, f := range r.functions {
		if keyPattern.Match(f.Bundle.Code) {
			b.errorf(b.c.Pos("functions."+f.Name+".handler"), codeKey, "revoke it: hutch key revoke", "the code of %s holds a service key", f.Name)
		}
	}
	for _, dir := range append(slices.Clone(b.c.Shared), b.c.Web) {
		if dir != "" {
			b.scan(dir)
		}
	}
}

func (b *compiler) scan(dir string) {
	err := fs.WalkDir(b.fsys, dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == "node_modules" {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() {
			return nil
		}
		f, err := b.fsys.Open(p)
		if err != nil {
			return err
		}
		defer f.Close()
		text, err := io.ReadAll(io.LimitReader(f, maxScannedFile))
		if at := keyPattern.FindIndex(text); at != nil {
			line := 1 + bytes.Count(text[:at[0]], []byte("\n"))
			col := at[0] - bytes.LastIndexByte(text[:at[0]], '\n')
			b.errorf(hutch.Pos{File: p, Line: line, Column: col}, codeKey, "revoke it: hutch key revoke", "a service key in a file that everybody reads")
		}
		return err
	})
	if err != nil {
		b.errorf(b.c.Pos("web"), codePages, "", "%s cannot be read: %v", dir, err)
	}
}

// seeds checks that every line is a document of its collection's schema, as far
// as it can be told before defaults and hooks.
func (b *compiler) seeds(r *release) {
	for _, s := range b.c.Seeds {
		i := slices.IndexFunc(r.collections, func(c data.Collection) bool { return c.Name == s.Collection })
		if i < 0 {
			continue
		}
		line, err := eachLine(b.fsys, s.File, func(_ int, text []byte) error {
			d, err := seedDocument(text)
			if err == nil && r.collections[i].Schema != nil && !b.fills(s.Collection) {
				err = r.collections[i].Schema.Validate(d)
			}
			return err
		})
		if err != nil {
			e := hutch.AsError(err)
			msg := e.Message
			if e.Field != "" {
				msg = e.Field + ": " + msg
			}
			b.errorf(hutch.Pos{File: s.File, Line: max(line, 1), Column: 1}, codeSeed, e.Hint, "%s", msg)
		}
	}
}

// seedDocument reads a line: a document as a client would create it.
func seedDocument(text []byte) (data.Doc, error) {
	d, err := data.ParseJSON(text, data.DefaultLimits().DocDepth)
	if err != nil {
		return nil, err
	}
	es, err := d.Elements()
	if err != nil {
		return nil, err
	}
	for _, e := range es {
		switch k := e.Key(); {
		case strings.HasPrefix(k, "$"):
			return nil, hutch.Errorf(hutch.InvalidArgument, "an operator has nothing to change in a new document").At(k)
		case strings.HasPrefix(k, "_") && k != data.FieldID:
			return nil, hutch.Errorf(hutch.InvalidArgument, "fields that begin with _ are the system's").At(k)
		}
	}
	return d, nil
}

// fills reports whether documents get fields that a seed need not have.
func (b *compiler) fills(coll string) bool {
	if i := slices.IndexFunc(b.c.Collections, func(c config.Collection) bool { return c.Name == coll }); i >= 0 && len(b.c.Collections[i].Default) > 0 {
		return true
	}
	return slices.ContainsFunc(b.c.Functions, func(f config.Function) bool {
		return f.Trigger.Collection == coll && slices.Contains(f.Trigger.Before, "create")
	})
}

// eachLine gives the lines of a JSONL file, each a document, with their numbers
// from 1; the line is where err came from.
func eachLine(fsys fs.FS, file string, f func(n int, text []byte) error) (line int, err error) {
	r, err := fsys.Open(file)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	lines := bufio.NewReaderSize(r, 64<<10)
	for n := 1; ; n++ {
		text, err := lines.ReadBytes('\n')
		if len(text) > 2*data.DefaultLimits().DocBytes {
			return n, hutch.Errorf(hutch.PayloadTooLarge, "the line is larger than a document may be")
		}
		if trimmed := bytes.TrimSpace(text); len(trimmed) > 0 {
			if err := f(n, trimmed); err != nil {
				return n, err
			}
		} else if err == nil {
			return n, hutch.Errorf(hutch.InvalidArgument, "an empty line; each line is a document")
		}
		if errors.Is(err, io.EOF) {
			return 0, nil
		}
		if err != nil {
			return n, err
		}
	}
}
