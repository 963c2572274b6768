// Package mongo keeps documents in a database of a MongoDB replica set, 6.0 or
// later, on any number of nodes. Open gives a *Store, which is a data.Store.
//
// Reading the source: commit.go and group.go take batches together, attempt.go
// writes them, snapshot.go and find.go read, where.go translates filters,
// feed.go is the change stream, configure.go makes collections and indexes.
//
// A position is a cluster time: seconds, then the increment within the second,
// as 16 hex digits. A version is larger than the one before and than the newest
// cluster time seen, on the scale of position.go; no node's own clock takes part.
//
// Guarantees: a commit is on the disks of a majority when it is acknowledged;
// one whose outcome is not known says `unavailable`. Documents of a batch are
// judged on the versions they replace. A read is of one point in time.
//
// Limits: isolation is snapshot isolation: a Check of a document that the batch
// does not write holds up to the start of the commit's transaction. Documents of
// other programs are seen when their _id is a string.
package mongo
