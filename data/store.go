package data

import (
	"context"
	"iter"
	"time"
)

// Store keeps documents, indexes and the change log. data/storetest covers
// every sentence here. Errors are *hutch.Error.
type Store interface {
	// Snapshot is taken after the call began and holds at least atLeast.
	Snapshot(ctx context.Context, atLeast Position) (Snapshot, error)
	// Commit applies a batch: all or nothing, durable on return. ctx has a
	// deadline. Errors: aborted (a Check or an Expect no longer holds; Lost),
	// already_exists (unique index, or a create of a taken id) with a Conflict
	// as cause, failed_precondition, resource_exhausted (disk); unavailable: it
	// may have happened. What Next or Derive returned as error is returned as it is.
	Commit(ctx context.Context, b *Batch) (Result, error)
	// Changes yields durable whole commits after a position in order, for ever
	// (until ctx ends), progress at least each second; ErrLogGone when the log
	// no longer reaches back so far. _jobs _runs _inputs _counts _idempotency _lines
	// _logs _metrics come without images, and but for the creates of _jobs a store may
	// leave them out.
	Changes(ctx context.Context, after Position) iter.Seq2[Commit, error]
	// Configure declares the collections and their indexes; new indexes are
	// built online, the old set serves until then. It returns when all are ready.
	// prune: indexes that cs does not name go; else they may stay, unused, and
	// those that are unique go on to refuse.
	Configure(ctx context.Context, cs []Collection, prune bool) error
	Info(ctx context.Context) (Info, error)
	// Usage tells what each collection that there is holds, in the order of their
	// names, in a time that does not grow with the documents: a number that is
	// not Exact is near.
	Usage(ctx context.Context) ([]Usage, error)
	Close() error
}

// Snapshot is the state at one position, for at most 5 minutes, then aborted.
type Snapshot interface {
	// Position is that of the state read: "" before the first read, which may
	// choose it.
	Position() Position
	// Get gives the document, or nil, nil when it is absent.
	Get(ctx context.Context, coll, id string) (Doc, error)
	// Find yields documents in the plan's order; each holds until the next
	// step. resource_exhausted over the plan's budget.
	Find(ctx context.Context, p *Plan) iter.Seq2[Doc, error]
	// Count is exact; resource_exhausted over the plan's budget.
	Count(ctx context.Context, p *Plan) (int64, error)
	Close()
}

// Batch is what one commit writes.
type Batch struct {
	Now    time.Time // the Service's clock; stamps _createdAt, _updatedAt
	Checks []Check   // what was read and is not written
	Writes []Write   // at most 500, and what Derive adds
	// Derive is pure and may run again: final images in, rows of system
	// collections out, written in the same commit.
	Derive func([]Change) ([]Write, error)
	// Applied, if set, is called once new snapshots hold the batch, before it is
	// durable; it does not block.
	Applied func()
}

// Check says a document still has the version that was read; 0 = absent. It
// holds up to the commit itself, or, where a store says so, up to the start of
// the commit's transaction, unless Lock is set on a document that is there.
type Check struct {
	Collection, ID string
	Version        int64
	Lock           bool
}

// AnyVersion in Write.Expect takes whatever version is stored.
const AnyVersion int64 = -1

// Write replaces one document.
type Write struct {
	Collection, ID string
	Expect         int64 // a version, 0 = absent, AnyVersion
	Fresh          bool  // the id was generated for this write: no document has ever had it
	// Next gives the new document for the stored one (nil = absent); nil =
	// delete. Pure, microseconds, may run again. It gives all fields but
	// _version, _createdAt and _updatedAt, which the store stamps. Bytes equal
	// to old (the system fields apart) are no change: no version, no log entry.
	Next func(old Doc) (Doc, error)
	// Dated takes _createdAt and _updatedAt as Next gives them, where it does.
	Dated bool

	patch bool // made by Service.Patch: it asks the app's schema itself
}

// Change is one document's change: Before is nil on create, After on delete. A
// change of OpReset has no ID: anything in the collection may be another.
type Change struct {
	Collection, ID string
	Op             Op // OpCreate, OpUpdate, OpDelete, OpReset
	Before, After  Doc
}

// Commit is what one position changed. It may hold several batches, each
// document once (first Before, last After); no changes = progress.
type Commit struct {
	Position Position
	At       time.Time // when it was made, by the clock of the batch or of the store
	Changes  []Change
}

// Result of a commit: the state at Position holds the batch, and Store.Changes
// reaches it without further writes. Changes are the batch's own images, in the
// order of its writes; a write that changed nothing is left out.
type Result struct {
	Position Position
	Changes  []Change
}

// Info describes a store.
type Info struct {
	Epoch        string // changes with a restore; positions compare within one
	Head, Oldest Position
	Recent       Position // from where a node that starts reads the log; "" = Head
	Bytes        int64    // on disk
	LogBytes     int64
}

// Usage is what a collection holds.
type Usage struct {
	Collection string
	Docs       int64
	Bytes      int64 // of the documents as BSON
	Exact      bool
	Indexes    []IndexUsage
}

// IndexUsage is an index as the store has it.
type IndexUsage struct {
	Index
	Ready bool  // else it is being built
	Bytes int64 // on disk, as of some seconds ago; 0: not known
}
