// Package rules answers "may I?": CEL expressions of hutch.yaml, one for each
// collection and operation, compiled once into closures that judge documents as
// raw BSON and into filters that lists run as. Set implements data.Guard, Bool
// the `auth:` of functions.
//
// Guarantees: nothing is allowed by default; an error, a panic or a budget used
// up denies. What a filter says exactly equals what the closures say; where it
// cannot be exact it passes more, and each document is judged. Who is bound to
// a rule is decided by hutch.Principal alone, and no role or claim bypasses.
//
// How: cel-go parses and checks the types. expand.go puts helpers in, with
// fresh names for all variables. compile.go translates to nodes of a
// three-valued logic (true, false, error), whose eval is the meaning and whose
// rail is the filter of the documents where they are true, or false: nothing
// is ever negated. Only what no node can say runs in cel-go, as one atom.
//
// Limits: an expression has 4,096 bytes, nests 32 deep and its quantifiers
// once; a check has 10,000 steps; a filter 4,096 tests; a request or write
// looks up 10 documents.
package rules
