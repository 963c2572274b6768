package jobs

import (
	"cmp"
	"errors"
	"time"
)

// Backoff is the pause before another try: a random part of Base x 2^tries, at
// most Max.
type Backoff struct {
	Base time.Duration // [1 s]
	Max  time.Duration // [10 min]
}

func (b Backoff) filled() Backoff {
	return Backoff{Base: cmp.Or(b.Base, time.Second), Max: cmp.Or(b.Max, 10*time.Minute)}
}

// pause after try (1 is the first); full jitter: any part of the whole.
func (b Backoff) pause(try int, below func(int64) int64) time.Duration {
	whole := b.Max
	if n := try - 1; n < 40 && b.Base<<n > 0 && b.Base<<n>>n == b.Base {
		whole = min(b.Base<<n, b.Max)
	}
	return time.Duration(below(int64(whole) + 1))
}

type permanent struct{ err error }

func (p *permanent) Error() string { return p.err.Error() }
func (p *permanent) Unwrap() error { return p.err }

// Permanent marks an error that no further try would mend: the job is dead at
// once, with err as reason. nil stays nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanent{err}
}

func isPermanent(err error) bool {
	_, ok := errors.AsType[*permanent](err)
	return ok
}
