package boot

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// seedsCollection remembers which collections have ever existed, so that a seed
// goes in once: a document a collection, {state: "seeding" or "done"}.
const seedsCollection = "_seeds"

const (
	seedChunk   = 200 // documents a commit
	seedBytes   = 4 << 20
	seedTime    = 5 * time.Minute // a commit, hooks included
	stateBegun  = "seeding"
	stateExists = "done"
)

type seedDoc struct {
	ID    string `bson:"_id"`
	State string `bson:"state"`
}

// seed fills the collections that have never existed and remembers the others.
// A seed that a crash cut short goes on where it ended: a chunk is one commit,
// and the ids of its documents are the same each time.
func (a *App) seed(ctx context.Context, r *release) error {
	files := map[string]string{}
	for _, s := range r.config.Seeds {
		files[s.Collection] = s.File
	}
	sys := a.Data.System(seedsCollection)
	for i := range r.collections {
		coll := r.collections[i].Name
		state, err := seedState(ctx, sys, coll)
		if err != nil {
			return err
		}
		if state == stateExists {
			continue
		}
		if file := files[coll]; file != "" {
			if state == "" {
				if err := note(ctx, sys, coll, stateBegun); err != nil {
					return err
				}
			}
			n, err := a.sow(ctx, coll, file)
			if err != nil {
				return fmt.Errorf("seeding %s from %s: %w", coll, file, err)
			}
			a.log.Info("seeded", slog.String("collection", coll), slog.Int("documents", n))
		}
		if err := note(ctx, sys, coll, stateExists); err != nil {
			return err
		}
	}
	return nil
}

func seedState(ctx context.Context, sys data.System, coll string) (string, error) {
	d, err := sys.Get(ctx, seedsCollection, coll)
	if err != nil || d == nil {
		return "", err
	}
	var s seedDoc
	err = data.Unmarshal(d, &s)
	return s.State, err
}

func note(ctx context.Context, sys data.System, coll, state string) error {
	d, err := data.Marshal(seedDoc{coll, state})
	if err != nil {
		return err
	}
	_, err = sys.Commit(ctx, &data.Batch{Writes: []data.Write{{
		Collection: seedsCollection, ID: coll, Expect: data.AnyVersion,
		Next: func(data.Doc) (data.Doc, error) { return d, nil },
	}}})
	return err
}

// sow creates the documents of a file that are not there yet.
func (a *App) sow(ctx context.Context, coll, file string) (n int, err error) {
	a.seeding.Store(true)
	defer a.seeding.Store(false)
	ctx = hutch.WithPrincipal(ctx, hutch.Principal{Kind: hutch.System}.Sealed())
	var chunk []data.Mutation
	size := 0
	flush := func() error {
		if len(chunk) == 0 {
			return nil
		}
		defer func() { chunk, size = chunk[:0], 0 }()
		_, _, err := a.Data.Get(ctx, coll, chunk[0].ID, data.Request{Op: data.OpGet, Time: a.o.Now()})
		if err == nil {
			return nil // the chunk went in before
		}
		if hutch.CodeOf(err) != hutch.NotFound {
			return err
		}
		c, cancel := context.WithTimeout(ctx, seedTime)
		defer cancel()
		_, err = a.Data.Write(c, chunk, data.WriteOptions{Request: data.Request{Op: data.OpCreate, Time: a.o.Now()}, Paths: true})
		if hutch.CodeOf(err) == hutch.AlreadyExists { // by a node that lost its lease, maybe
			if _, _, e := a.Data.Get(ctx, coll, chunk[0].ID, data.Request{Op: data.OpGet, Time: a.o.Now()}); e == nil {
				return nil
			}
		}
		return err
	}
	line, err := eachLine(a.o.FS, file, func(_ int, text []byte) error {
		d, err := seedDocument(text)
		if err != nil {
			return err
		}
		id, err := seedID(d, coll, n)
		if err != nil {
			return err
		}
		n++
		chunk = append(chunk, data.Mutation{Op: data.OpCreate, In: coll, ID: id, Data: d})
		if size += len(d); len(chunk) == seedChunk || size >= seedBytes {
			return flush()
		}
		return nil
	})
	if err != nil {
		return n, fmt.Errorf("up to line %d: %w", line, err)
	}
	return n, flush()
}

// seedID is the document's own id, or one that follows from its place.
func seedID(d data.Doc, coll string, n int) (string, error) {
	v := data.Field(d, data.FieldID)
	if v.Type != 0 {
		id, ok := v.StringValueOK()
		if !ok {
			return "", hutch.Errorf(hutch.InvalidArgument, "_id is no string")
		}
		return id, data.ValidID(id)
	}
	sum := sha256.Sum256([]byte("seed\x00" + coll + "\x00" + strconv.Itoa(n)))
	var id ulid.ULID
	copy(id[:], sum[:])
	if err := id.SetTime(uint64(n)); err != nil { // in the order of the file
		return "", err
	}
	return id.String(), nil
}
