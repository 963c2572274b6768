// Package pebble keeps documents, indexes and the change log in one folder on
// the local disk, on top of the Pebble key-value store. Open gives a *Store,
// which is a data.Store.
//
// Reading the source: commit.go is the sequencer, syncer.go the shared fsync
// and the durable mark, view.go what readers see, find.go runs plans, changes.go
// and log.go are the change log, configure.go builds indexes online.
//
// Keys (numbers are big-endian):
//
//	d | collection u32 | id                  a document as BSON
//	i | index u32 | values | id              an index entry, its value the id's length
//	u | index u32 | values                   a unique claim, its value the id
//	l | position u64                         a commit: {p, t, c: [{n, i, o, b, a}]}
//	m | ...                                  the catalogue, the epoch, log segments, tallies
//
// Guarantees: one sequencer orders commits, so that positions have no holes and
// a document's _version is the position of its last change. A commit is
// acknowledged, and seen by Changes and by snapshots, once it is on disk
// (durability full). A power cut leaves exactly the commits up to some position.
//
// Limits: one process a folder; an array under an index has at most 1,000
// elements; a full disk hangs writes, so that they are refused below a floor.
package pebble
