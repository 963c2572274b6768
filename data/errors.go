package data

import "github.com/hutch-dev/hutch"

// ErrLogGone says that the change log no longer reaches back to a position.
var ErrLogGone = &hutch.Error{Code: hutch.FailedPrecondition, Message: "the change log does not reach back so far"}
