package server

import (
	"cmp"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/hutch-dev/hutch"
)

// What is kept of each second, by how a request ended: of those beyond only their
// number is, so that a flood pushes nothing else out.
const (
	servedPerSecond  = 1000 // below 400
	refusedPerSecond = 100  // 4xx, of a kind of principal
	failedPerSecond  = 100  // 5xx; Options.Lines keeps them
)

// The shares of a second, with the level of what is in them.
const (
	shareServed  = "served"
	shareRefused = "refused"
	shareFailed  = "failed"
)

var levelOfShare = map[string]string{shareServed: levelInfo, shareRefused: levelWarn, shareFailed: levelError}

// refusedShare: guests cannot push out what a stolen key was refused.
var refusedShare = [...]string{
	hutch.Guest: shareRefused + " guests", hutch.User: shareRefused + " users", hutch.Service: shareRefused + " keys", hutch.Operator: shareRefused + " operators", hutch.System: shareRefused + " system",
}

// keep adds the request to the log: its route, never the URL, the query, the body
// or a token. Probes, and what the dashboard asks for its pages, are left out
// where they went well.
func (r *request) keep(status int, took time.Duration) {
	j, share, most := r.srv.o.Logs, shareServed, servedPerSecond
	level := requestLevel(status)
	switch level {
	case levelInfo:
		if r.route != nil && (r.route.Service == ServiceOps || r.route.Service == ServiceAdmin && r.route.Method == http.MethodGet) {
			return
		}
	case levelWarn:
		share, most = refusedShare[r.who.Kind], refusedPerSecond
	default:
		j, share, most = cmp.Or(r.srv.o.Lines, j), shareFailed, failedPerSecond
	}
	if j == nil || !j.Take(share, 1, most) {
		return
	}
	var buf [512]byte
	b := append(buf[:0], `{"kind":"request","level":"`...)
	b = append(append(b, level...), `","requestId":`...)
	b = append(appendString(b, r.id), `,"route":`...)
	b = append(appendString(b, r.label()), `,"status":`...)
	b = append(strconv.AppendInt(b, int64(status), 10), `,"ms":`...)
	b = strconv.AppendFloat(b, float64(took.Microseconds())/1000, 'f', -1, 64)
	b = strconv.AppendInt(append(b, `,"bytes":`...), int64(len(r.fctx.Response.Body())), 10)
	b = append(appendString(append(b, `,"caller":{"kind":`...), r.who.Kind.String()), `,"uid":`...)
	b = appendString(b, r.who.UID)
	if r.who.Actor != "" {
		b = appendString(append(b, `,"actor":`...), r.who.Actor)
	}
	b = appendString(append(b, `},"network":`...), network(r.addr))
	if r.failed != "" {
		b = appendString(append(b, `,"code":`...), string(r.failed))
	}
	if r.committed != "" {
		b = appendString(append(b, `,"position":`...), string(r.committed))
	}
	j.Add(append(b, '}'), append(levelMarks(level), "kind:request", "request:"+r.id, "user:"+r.who.UID)...)
}

// Levels of log entries.
const (
	levelInfo  = "info"
	levelWarn  = "warn"
	levelError = "error"
)

func requestLevel(status int) string {
	switch {
	case status >= http.StatusInternalServerError:
		return levelError
	case status >= http.StatusBadRequest:
		return levelWarn
	}
	return levelInfo
}

// levelMarks are what a search for entries of at least some level asks for.
func levelMarks(level string) []string {
	switch level {
	case levelError:
		return []string{"min:warn", "min:error"}
	case levelWarn:
		return []string{"min:warn"}
	}
	return nil
}

// network is as much of an address as is kept: IPv4 /24, IPv6 /48.
func network(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	a = a.Unmap().WithZone("")
	bits := 24
	if a.Is6() {
		bits = 48
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}

// LogLine is an entry of the server's own log as Options.Lines keeps it.
type LogLine struct {
	Level     string // info, warn or error
	Message   string
	RequestID string
	Attrs     map[string]string
}

// attrUser is the attribute in which every room says of whom a line is: by it lines
// are found, and go with an account.
const attrUser = "user"

// Entry is the line as bytes, and its marks.
func (l *LogLine) Entry() (body []byte, marks []string) {
	b := appendString([]byte(`{"kind":"server","level":`), l.Level)
	b = appendString(append(b, `,"message":`...), l.Message)
	if l.RequestID != "" {
		b = appendString(append(b, `,"requestId":`...), l.RequestID)
	}
	b = append(b, `,"attrs":{`...)
	for name, v := range l.Attrs {
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = appendString(append(appendString(b, name), ':'), v)
	}
	return append(b, '}', '}'), append(levelMarks(l.Level), "kind:server", "request:"+l.RequestID, "user:"+l.Attrs[attrUser])
}
