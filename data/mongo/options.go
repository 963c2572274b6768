package mongo

import (
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
)

// Options of a Store; zero fields take the defaults named.
type Options struct {
	URL      string // mongodb://hosts/db?options, of a replica set or a mongos
	Database string // where the URL names none
	Log      *slog.Logger
	Now      func() time.Time // of snapshots' lives

	// Patience is how long Open waits for a primary [30 s].
	Patience time.Duration
}

const (
	snapshotLife = 5 * time.Minute
	progressEach = time.Second // Changes promises it; the stream speaks more often
	maxPool      = 200         // connections a node
	maxSessions  = 256         // kept for use again
)

func (o Options) filled() (Options, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Patience == 0 {
		o.Patience = 30 * time.Second
	}
	if db := databaseOf(o.URL); db != "" {
		o.Database = db
	}
	if o.Database == "" || len(o.Database) > 63 || strings.ContainsAny(o.Database, "/\\. \"$*<>:|?\x00") {
		return o, hutch.Errorf(hutch.InvalidArgument, "the URL of the store names no database that can be").
			WithHint("write mongodb://host/name, the name of at most 63 bytes without dots and spaces")
	}
	return o, nil
}

// databaseOf is the path of a connection string, whose list of hosts net/url
// does not read.
func databaseOf(uri string) string {
	_, rest, _ := strings.Cut(uri, "://")
	rest, _, _ = strings.Cut(rest, "?")
	_, path, _ := strings.Cut(rest, "/")
	if name, err := url.PathUnescape(path); err == nil {
		return name
	}
	return path
}
