package data

import (
	"context"

	"github.com/hutch-dev/hutch"
)

// Get gives the document as the principal may see it; not_found where it is
// absent or hidden.
func (s *Service) Get(ctx context.Context, coll, id string, r Request) (Doc, Position, error) {
	if err := ValidID(id); err != nil {
		return nil, "", err
	}
	st := &state{s: s}
	defer st.close()
	c := s.call(hutch.PrincipalFrom(ctx), r, st)
	if c.coll(coll) == nil {
		return nil, "", c.unknown(OpGet, coll)
	}
	if err := s.tell(ctx, &c.p, coll); err != nil {
		return nil, "", err
	}
	d, err := st.stored(ctx, coll, id)
	if err != nil {
		return nil, "", err
	}
	if d == nil {
		return nil, "", noDocument()
	}
	ok, err := c.readable(ctx, coll, id, d)
	if err != nil {
		return nil, "", err
	}
	if !ok {
		return nil, "", noDocument()
	}
	return c.session(ctx).Mask(coll, d), st.snap.Position(), nil
}
