package data

import "github.com/hutch-dev/hutch"

// Mutation is one write as a client asks it.
type Mutation struct {
	Op   Op     // OpCreate, OpSet, OpUpdate, OpDelete
	In   string // collection
	ID   string // "" on create: the server makes one
	Data Doc    // fields; on update plain fields and operators
	Precondition
	// Dated keeps _createdAt and _updatedAt of Data, and passes _version over: an
	// import of who bypasses rules.
	Dated bool
}

// Precondition guards a Mutation; the zero value always holds.
type Precondition struct {
	IfVersion int64 // 0: not asked
	IfExists  bool
	IfMissing bool
	If        *Where
	Else      *hutch.Error // the answer when If fails
}

// WriteOptions of Service.Write.
type WriteOptions struct {
	Request Request
	Docs    bool    // answer documents as get would show them
	Once    *Once   // Idempotency-Key
	Join    []Write // of rooms: rows of system collections that go with the commit, see Tx.Join
	Paths   bool    // name fields as writes[n]...: the request was a commit
	Told    bool    // the caller tells the audit of it, beside others of the same act
}

// Once makes a commit happen once: a record under (Scope, Key) is written with it.
type Once struct {
	Scope string // principal + method + path
	Key   string
	Body  []byte // the request's body; only a keyed hash is kept
	// Encode gives what is kept and replayed; nil keeps ids and versions.
	Encode func(Result) (Outcome, error)

	held bool // Replay found nothing, and its release has not been called
}

// Outcome is the answer to a write or a function call that committed.
type Outcome struct {
	Position Position // "" when nothing was committed
	Results  []WriteResult
	Value    []byte // a function's result as JSON, at most 64 KiB with a key
	Status   int    // of a function's answer; 0: the route's own
	Replayed bool
}

// WriteResult is one Mutation's outcome.
type WriteResult struct {
	In, ID  string
	Version int64 // 0 after a delete
	Created bool
	Doc     Doc // with WriteOptions.Docs: as get would show it now, _id and _version alone where denied
}
