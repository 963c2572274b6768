package data

import (
	"context"
	"strconv"
	"time"

	"github.com/hutch-dev/hutch"
)

// writeTurn is how long a rerun write may hold its turn on a document.
const writeTurn = 10 * time.Second

// Write does mutations as one commit.
func (s *Service) Write(ctx context.Context, ms []Mutation, o WriteOptions) (*Outcome, error) {
	ctx, cancel := deadline(ctx)
	defer cancel()
	if o.Once != nil && !o.Once.held {
		out, release, err := s.Replay(ctx, o.Once)
		if release != nil {
			defer release()
		}
		if out != nil || err != nil {
			return out, err
		}
	}
	c := s.call(hutch.PrincipalFrom(ctx), o.Request, nil)
	steps, err := c.steps(ms, o.Paths)
	if err != nil {
		return nil, err
	}
	if err := joinable(o.Join); err != nil {
		return nil, err
	}
	var out *Outcome
	attempt := func(ctx context.Context) (err error) {
		st := &state{s: s}
		defer st.close()
		c.st, c.sess = st, nil
		out, err = s.commit(ctx, st, steps, commitOptions{base: c, docs: o.Docs, once: o.Once, join: o.Join, told: o.Told})
		return err
	}
	if err := s.Rerun(ctx, writeTurn, attempt); err != nil {
		return s.otherwise(ctx, o.Once, err)
	}
	return out, nil
}

// steps checks limits and syntax of all mutations.
func (c *call) steps(ms []Mutation, paths bool) ([]*step, error) {
	l := &c.s.limits
	if len(ms) > l.CommitWrites {
		return nil, hutch.Errorf(hutch.InvalidArgument, "a commit has at most %d writes", l.CommitWrites)
	}
	var size int64
	steps := make([]*step, len(ms))
	for i := range ms {
		if size += int64(len(ms[i].Data)); size > l.CommitBytes {
			return nil, hutch.Errorf(hutch.InvalidArgument, "the writes of a commit are larger than %d bytes", l.CommitBytes)
		}
		at := ""
		if paths {
			at = "writes[" + strconv.Itoa(i) + "]"
		}
		st, err := c.newStep(&ms[i], paths)
		if err != nil {
			if at != "" {
				err = hutch.AsError(err).At(at)
			}
			return nil, err
		}
		st.n, st.at = i, at
		steps[i] = st
	}
	return steps, nil
}
