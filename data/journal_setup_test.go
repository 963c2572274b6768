package data_test

import (
	"context"
	"errors"
	"sync"

	"github.com/hutch-dev/hutch/data"
)

// atomicError is what a failing store answers.
type atomicError struct {
	mu  sync.Mutex // guards err
	err error
}

func (a *atomicError) set(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = err
}

func (a *atomicError) get() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}

// errAfter is answered to a commit that happened.
var errAfter = errors.New("the answer was lost")

// failing is a store whose commits fail while there is an error.
type failing struct {
	data.Store
	err *atomicError
}

func (f failing) Commit(ctx context.Context, b *data.Batch) (data.Result, error) {
	err := f.err.get()
	if err != nil && !errors.Is(err, errAfter) {
		return data.Result{}, err
	}
	res, e := f.Store.Commit(ctx, b)
	return res, errors.Join(e, err)
}
