package data

import (
	"context"
	"io"
	"iter"
	"log/slog"
	"time"

	"github.com/hutch-dev/hutch"
)

// Options of a Service.
type Options struct {
	Store     Store
	Limits    Limits
	CursorKey []byte // 32 bytes that all nodes share
	Now       func() time.Time
	Entropy   io.Reader // of ids
	Log       *slog.Logger
	Dev       bool // hints that name collections and indexes
}

// App is what a reload replaces as one: collections, rules and hooks.
type App struct {
	Version     string // of the config; part of live group keys
	Collections []Collection
	Guard       Guard
	Hooks       Hooks // nil: none
}

// Service is the one door to the documents: every read and write of every
// principal passes it. The principal is the context's.
type Service struct{}

// New returns a Service that denies everything until Use.
func New(o Options) *Service { panic("unbuilt") }

// Use configures the store for app (indexes are ready when it returns) and
// switches to it; running requests end under what they began with.
func (s *Service) Use(ctx context.Context, app App) error { panic("unbuilt") }

// Get gives the document as the principal may see it; not_found where it is
// absent or hidden.
func (s *Service) Get(ctx context.Context, coll, id string, r Request) (Doc, Position, error) {
	panic("unbuilt")
}

// Query runs q.
func (s *Service) Query(ctx context.Context, q Query, r Request) (*Page, error) { panic("unbuilt") }

// Write does mutations as one commit.
func (s *Service) Write(ctx context.Context, ms []Mutation, o WriteOptions) (*Outcome, error) {
	panic("unbuilt")
}

// Replay looks an idempotency record up: nil, nil when there is none. Twins of
// one key that run at the same time wait here for the first; release must be
// called in every case. invalid_argument when the body differs.
func (s *Service) Replay(ctx context.Context, o *Once) (out *Outcome, release func(), err error) {
	panic("unbuilt")
}

// View binds a query to the context's principal for live queries; denied as a
// list is.
func (s *Service) View(ctx context.Context, q Query, r Request) (*View, error) { panic("unbuilt") }

// Begin opens a session as a principal at a snapshot taken now.
func (s *Service) Begin(ctx context.Context, as hutch.Principal, r Request) (*Tx, error) {
	panic("unbuilt")
}

// System gives a room its own collections.
func (s *Service) System(collections ...string) System { panic("unbuilt") }

// Feed is the one reader of the store's changes on this node.
func (s *Service) Feed() *Feed { panic("unbuilt") }

// Info describes the store.
func (s *Service) Info(ctx context.Context) (Info, error) { panic("unbuilt") }

// Close stops the feed; the store stays open.
func (s *Service) Close() error { panic("unbuilt") }

// View is a query bound to a principal: what a live query needs of rules and
// store. It is safe for one goroutine at a time.
type View struct {
	Query Query
	Key   string // canonical bytes: config version, collection, query, select, Filter.Key; Principal.Key when inexact
}

// Read gives the result at a snapshot not older than atLeast: at most limit
// documents as Show gives them with their sort marks, and whether more lie beyond.
func (v *View) Read(ctx context.Context, atLeast Position) (docs []Doc, at Position, more bool, err error) {
	panic("unbuilt")
}

// Match reports whether the stored document d is in the (unlimited) result now.
func (v *View) Match(d Doc) bool { panic("unbuilt") }

// Show gives d masked and selected.
func (v *View) Show(d Doc) Doc { panic("unbuilt") }

// Compare orders two stored documents as the query does, _id last.
func (v *View) Compare(a, b Doc) int { panic("unbuilt") }

// Tx is a session: one snapshot, one read set, one commit.
type Tx struct{}

// ReadOptions of Tx reads.
type ReadOptions struct {
	Untracked bool // not validated at the commit
}

// Get gives the document or nil; it sees the session's own writes and records
// (id, version or absent).
func (t *Tx) Get(ctx context.Context, coll, id string, o ReadOptions) (Doc, error) { panic("unbuilt") }

// Find runs a query on the snapshot and records each document returned.
func (t *Tx) Find(ctx context.Context, q Query, o ReadOptions) (*Page, error) { panic("unbuilt") }

// Write buffers a mutation and gives its id; it is judged at the commit.
func (t *Tx) Write(ctx context.Context, m Mutation) (id string, doc Doc, err error) { panic("unbuilt") }

// Commit judges and commits what was buffered. aborted: something read has
// changed; the caller reruns from Begin (see Service.Rerun).
func (t *Tx) Commit(ctx context.Context, once *Once) (*Outcome, error) { panic("unbuilt") }

// Admin is the same session without rules.
func (t *Tx) Admin() *Tx { panic("unbuilt") }

// Close gives the snapshot back; without Commit nothing was written.
func (t *Tx) Close() { panic("unbuilt") }

// Rerun runs f, which begins, uses and commits sessions, again while it is
// aborted, until ctx's deadline: from its first conflict on it waits in the
// queue of the document it lost on and keeps its turn, at most turn long.
func (s *Service) Rerun(ctx context.Context, turn time.Duration, f func(ctx context.Context) error) error {
	panic("unbuilt")
}

// Feed shows whole commits in order to any number of readers.
type Feed struct{}

// Read yields commits after a position, for ever; ErrLogGone as Store.Changes.
func (f *Feed) Read(ctx context.Context, after Position) iter.Seq2[Commit, error] { panic("unbuilt") }

// Heard is when the feed last spoke, progress included.
func (f *Feed) Heard() time.Time { panic("unbuilt") }

// Head is the newest position the feed has shown.
func (f *Feed) Head() Position { panic("unbuilt") }
