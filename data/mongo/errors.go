package mongo

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/hutch-dev/hutch"
)

// class says what an error of the driver asks for.
type class int

const (
	classOther     class = iota
	classConflict        // a guard that matched nothing, or a write conflict: read again, apply again
	classTransient       // an election, a dead connection, a transaction that is gone: the attempt again
	classUnknown         // a commit whose answer is lost: only the same commit again
	classDuplicate       // an id or a unique index
)

// The codes of MongoDB's errors that the store tells apart; src/mongo/base/error_codes.yml.
const (
	codeNamespaceExists    = 48
	codeNamespaceNotFound  = 26
	codeIndexNotFound      = 27
	codeBadValue           = 2
	codeUnauthorized       = 13
	codeQueryKilled        = 175
	codeInvalidOptions     = 72
	codeWriteConflict      = 112
	codeNoSuchTransaction  = 251
	codeSnapshotTooOld     = 239
	codeSnapshotUnavail    = 246
	codeHistoryLost        = 286
	codeStreamFatal        = 280
	codeCappedPositionLost = 136
	codeCursorNotFound     = 43
	codeParallelArrays     = 171
	codeInterrupted        = 11601
	codeInterruptedRepl    = 11602
	codeBuildAborted       = 285
	codeTransactionTooBig  = 257
	codeInvalidNamespace   = 73
	codeOptionsConflict    = 85
	codeKeySpecsConflict   = 86
	codeTooLarge           = 10334
	codeDuplicate          = 11000
)

// codesUnavailable say that a server is no primary, shuts down or cannot be
// reached, or that a database is just being dropped: HostUnreachable, HostNotFound, NetworkTimeout, ShutdownInProgress,
// ReadConcernMajorityNotAvailableYet, PrimarySteppedDown, SocketException,
// NotWritablePrimary, InterruptedAtShutdown, InterruptedDueToReplStateChange,
// NotPrimaryNoSecondaryOk, NotPrimaryOrSecondary; DatabaseDropPending.
var codesUnavailable = []int{6, 7, 89, 91, 134, 189, 215, 9001, 10107, 11600, 11602, 13435, 13436}

// errConflict is a guard that matched nothing.
var errConflict = errors.New("the guard matched nothing")

var errClosed = hutch.Errorf(hutch.Unavailable, "the store is closed")

// isCode reports whether a server's error has one of codes.
func isCode(err error, codes ...int) bool {
	var se mongo.ServerError
	if !errors.As(err, &se) {
		return false
	}
	return slices.ContainsFunc(codes, se.HasErrorCode)
}

func classOf(err error) class {
	switch {
	case err == nil:
		return classOther
	case errors.Is(err, errConflict), isCode(err, codeWriteConflict):
		return classConflict
	case isCode(err, codeDuplicate, 11001, 12582):
		return classDuplicate
	}
	if le, ok := errors.AsType[mongo.LabeledError](err); ok {
		switch {
		case le.HasErrorLabel("UnknownTransactionCommitResult"):
			return classUnknown
		case le.HasErrorLabel("TransientTransactionError"), le.HasErrorLabel("RetryableWriteError"), le.HasErrorLabel("NetworkError"):
			return classTransient
		}
	}
	if isCode(err, codesUnavailable...) || mongo.IsNetworkError(err) || mongo.IsTimeout(err) && !errors.Is(err, context.Canceled) {
		return classTransient
	}
	var sel mongo.ServerError
	if !errors.As(err, &sel) && errors.Is(err, context.DeadlineExceeded) {
		return classTransient
	}
	return classOther
}

// failed turns an error of the driver into one of ours; errors of ours pass.
func failed(ctx context.Context, doing string, err error) error {
	if _, ok := errors.AsType[*hutch.Error](err); ok {
		return err
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return hutch.Errorf(hutch.Cancelled, "the request was cancelled: %w", ctx.Err())
	}
	switch c := classOf(err); {
	case isCode(err, codeSnapshotTooOld, codeSnapshotUnavail):
		return hutch.Errorf(hutch.Aborted, "the snapshot can no longer be read: %w", err)
	case c == classTransient || c == classUnknown || errors.Is(err, mongo.ErrClientDisconnected):
		return unavailable("the database does not answer", err)
	}
	return hutch.Errorf(hutch.Internal, "%s: %w", doing, err)
}

const retryAfter = time.Second

func unavailable(message string, err error) *hutch.Error {
	return &hutch.Error{Code: hutch.Unavailable, Message: message, RetryAfter: retryAfter, Err: err}
}
