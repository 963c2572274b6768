// Package data is Hutch's document database: values, documents, queries and
// writes, the Service that every request passes (the one door), the Store
// contract that backends keep, and the Feed of changes.
//
// A document is BSON of a closed set of types (value.go), ordered and compared
// as MongoDB does. Service judges reads and writes by the plugged Guard (rules)
// and Hooks (functions); nobody else holds a Store.
//
// Guarantees: a commit is all or nothing and durable when it returns; rules,
// hooks and schema judge the exact version that the commit replaces; the feed
// shows whole commits in order.
package data

import "go.mongodb.org/mongo-driver/v2/bson"

// Doc is a document as BSON. It is never changed once handed on.
type Doc = bson.Raw

// Value is one BSON value of a document or a query.
type Value = bson.RawValue

// Position is a place in the change log: 16 lower-case hex digits, ordered as
// strings within one epoch; "" is before all.
type Position string

// The system fields of a document.
const (
	FieldID      = "_id"
	FieldVersion = "_version"
	FieldCreated = "_createdAt"
	FieldUpdated = "_updatedAt"
)

// Op names what is done to documents, for rules, hooks and changes.
type Op string

// The operations. Set (PUT) is judged as Create or Update, by the branch it takes.
const (
	OpGet    Op = "get"
	OpList   Op = "list"
	OpCreate Op = "create"
	OpUpdate Op = "update"
	OpDelete Op = "delete"
	OpSet    Op = "set"
)

// OpReset is the Op of a change that says no more than that a collection may be
// another in any way.
const OpReset Op = "reset"
