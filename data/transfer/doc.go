// Package transfer brings documents in and out of a collection as lines: JSONL in
// the wire's Extended JSON, or CSV (RFC 4180).
//
// An import comes in parts of whole records. How far it is stands in a row of
// Collection that is written with each of its commits: a part that comes twice
// does nothing twice, on any node and after a crash. A bad record is told and
// left out, it holds up no other.
//
// Reading the source: import.go is the import and its row, part.go takes a part
// apart into commits, record.go reads records, column.go cells; export.go writes
// lines.
//
// Limits: CSV has no word for what is missing in an array or object, and tells
// an empty text from no text by nothing; JSONL loses nothing.
package transfer
