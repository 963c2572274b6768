// Package jobs runs durable jobs: work that is written in the commit of its
// cause and done later, on any node, until it succeeds or is a dead letter.
//
// A job is a document of _jobs. Row gives the write that enqueues it, for any
// batch or Derive; a Pool, one a node, runs the kinds it has handlers for:
//
//	b.Writes = append(b.Writes, jobs.Row(jobs.Job{Kind: "mail", Key: "welcome-7", Payload: p}))
//
//	pool.Handle("mail", func(ctx context.Context, r *jobs.Run) error {
//		...
//		return r.Commit(ctx, effects...)
//	}, jobs.Options{})
//
// Guarantees: a job is there exactly if its commit is. Effects that go with
// Run.Commit (or with the writes of Run.Ack) happen once, whatever is killed:
// the acknowledgement is in their commit and holds only under the lease's
// fence. All else a handler does happens at least once. A job that fails is
// tried again after a random pause that grows, then kept as a dead letter with
// the reason for 30 days. Jobs of one Order (and kind) run one at a time, in the
// order of their commits; the head blocks those behind it until it is done or
// dead. A commit that began before another was done may come on either side of
// it.
//
// A node renews the leases of what it runs. When it dies, others take its jobs
// as the leases end; each such start counts as a try, so a job that kills its
// node ends too. Leases are compared by Config.Now: data.Feed.StoreNow gives
// all nodes the store's clock.
//
// Limits: a payload of 256 KiB, 8 hops (Job.Depth), kinds of 64 bytes, keys and
// orders of 255 bytes. A key holds while its job waits, runs or is dead: once it
// is done the same key is a new job.
package jobs
