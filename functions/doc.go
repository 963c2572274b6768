// Package functions runs the app's own code on the server: what starts it
// (triggers), what it may do (Host), what bounds it, and what is logged.
//
// A Runtime runs code and knows nothing of triggers, rules or stores; it asks
// its Host for everything. functions/quickjs is the built-in one.
//
// Guarantees: a run's writes are one commit, judged as its caller or, through
// ctx.admin.db, without rules; a crash, a loop or a memory hog costs that run
// only; nothing of a failed run is kept.
//
// Limits: 500 writes and 10,000 documents read a run, results of 1 MiB.
package functions
