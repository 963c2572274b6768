package pebble

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/cockroachdb/pebble/v2"

	"github.com/hutch-dev/hutch"
)

// engineLog hears what Pebble reports. It never returns from Fatalf: Pebble
// would go on without its log.
type engineLog struct {
	log   *slog.Logger
	fatal func(error)
}

func (l *engineLog) Infof(string, ...any) {}

func (l *engineLog) Errorf(format string, args ...any) {
	l.log.Error("store engine", slog.String("message", fmt.Sprintf(format, args...)))
}

func (l *engineLog) Fatalf(format string, args ...any) {
	err := fmt.Errorf("the store cannot write its log and ends the process; the next start recovers: "+format, args...)
	l.log.Error("store cannot go on", slog.Any("error", err))
	l.fatal(err)
	select {}
}

func (l *engineLog) events() *pebble.EventListener {
	return &pebble.EventListener{
		BackgroundError: func(err error) { l.log.Error("store engine", slog.Any("error", err)) },
		DataCorruption: func(i pebble.DataCorruptionInfo) {
			l.log.Error("store file is damaged", slog.String("file", i.Path), slog.Any("error", i.Details))
		},
	}
}

// failed turns an error of the engine into ours. A damaged file is named by the
// cause, with its offset; the message stays free of paths.
func failed(doing string, err error) error {
	if pebble.IsCorruptionError(err) {
		return &hutch.Error{Code: hutch.Internal, Message: "the store is damaged", Err: fmt.Errorf("%s: %w%s", doing, err, details(err))}
	}
	if _, ok := errors.AsType[*hutch.Error](err); ok {
		return err
	}
	return hutch.Errorf(hutch.Internal, "%s: %w", doing, err)
}

// details are what Pebble knows beside an error's text: the log file and offset.
func details(err error) (text string) {
	for ; err != nil; err = errors.Unwrap(err) {
		if d, ok := err.(interface{ ErrorDetail() string }); ok {
			text += " (" + d.ErrorDetail() + ")"
		}
	}
	return text
}
