package mongo

import (
	"context"

	"github.com/hutch-dev/hutch/data"
)

// Count is exact.
func (sn *snapshot) Count(ctx context.Context, p *data.Plan) (int64, error) {
	if !sn.s.enter() {
		return 0, errClosed
	}
	defer sn.s.leave()
	q := *p
	q.OrderBy, q.After, q.Limit = nil, nil, 0
	r, err := sn.begin(ctx, &q)
	if err != nil || r == nil {
		return 0, err
	}
	n := int64(0)
	err = r.all(func() { n = 0 }, func(data.Doc) error { n++; return nil })
	return n, err
}
