package server

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
)

// The kinds of log entries, in the order in which they are asked.
const (
	kindRequest  = "request"
	kindServer   = "server"
	kindFunction = "function"
	kindAudit    = "audit"
)

var logKinds = []string{kindRequest, kindServer, kindFunction, kindAudit}

// logEntry is a line of the Logs page.
type logEntry struct {
	ID        string               `json:"id"`
	At        time.Time            `json:"at"`
	Node      string               `json:"node,omitempty"`
	Kind      string               `json:"kind"`
	Level     string               `json:"level"`
	RequestID string               `json:"requestId,omitempty"`
	Route     string               `json:"route,omitempty"`
	Status    int                  `json:"status,omitempty"`
	Took      float64              `json:"ms,omitempty"`
	Bytes     int64                `json:"bytes,omitempty"`
	Caller    *functions.RunCaller `json:"caller,omitempty"`
	Network   string               `json:"network,omitempty"`
	Code      hutch.Code           `json:"code,omitempty"`
	Position  data.Position        `json:"position,omitempty"`
	Message   string               `json:"message,omitempty"`
	Attrs     map[string]string    `json:"attrs,omitempty"`
	Run       *functions.Run       `json:"run,omitempty"`
	Audit     *auth.AuditRow       `json:"audit,omitempty"`

	cursor string // of its source
}

// readLog reads an entry of Options.Logs or Lines; nil for one of another shape.
func readLog(e *data.Entry) *logEntry {
	l := &logEntry{}
	if e == nil || json.Unmarshal(e.Body, l) != nil {
		return nil
	}
	l.ID, l.At, l.Node, l.cursor = e.ID, e.At, e.Node, e.ID
	return l
}

func ofRun(k *functions.Run) *logEntry {
	l := &logEntry{
		ID: "run." + k.ID + "." + strconv.FormatInt(k.At.UnixMilli(), 36), At: k.At, Node: k.Node, Kind: kindFunction, Level: levelInfo, RequestID: k.RequestID, Took: k.Took,
		Caller: &k.Caller, Code: k.Code, Message: k.Error, Run: k, cursor: k.Cursor(),
	}
	level := func(to string) {
		if to == levelError || l.Level == levelInfo {
			l.Level = to
		}
	}
	for i := range k.Console {
		if c := k.Console[i].Level; c == levelWarn || c == levelError {
			level(c)
		}
	}
	switch {
	case k.Failed:
		level(levelError)
	case !k.OK():
		level(levelWarn)
	}
	return l
}

func ofAudit(row *auth.AuditRow) *logEntry {
	l := &logEntry{ID: "audit." + row.ID, At: row.At, Kind: kindAudit, Level: levelInfo, Network: row.Network, RequestID: row.Request, Message: row.Event, Audit: row, cursor: row.ID}
	switch {
	case row.Operator != "":
		l.Caller = &functions.RunCaller{Kind: hutch.Operator.String(), UID: row.Operator}
	case row.Key != "" && row.User == "":
		l.Caller = &functions.RunCaller{Kind: hutch.Service.String(), UID: row.Key}
	case row.User != "":
		l.Caller = &functions.RunCaller{Kind: hutch.User.String(), UID: row.User}
	}
	return l
}

// logFilter is what is asked of the entries.
type logFilter struct {
	text, level, user, requestID, route, status string
	kinds                                       []string
	since, until                                time.Time
}

var levels = []string{levelInfo, levelWarn, levelError}

// wants reports whether a kind can hold what is asked.
func (f *logFilter) wants(kind string) bool {
	if !slices.Contains(f.kinds, kind) {
		return false
	}
	switch kind {
	case kindServer:
		return f.status == "" && f.route == ""
	case kindFunction:
		return f.status == "" && f.route == ""
	case kindAudit:
		return f.status == "" && f.route == "" && (f.level == "" || f.level == levelInfo)
	}
	return true
}

func (f *logFilter) matches(l *logEntry) bool {
	switch {
	case !f.wants(l.Kind), !atLeast(l.Level, f.level),
		f.user != "" && !l.of(f.user), f.requestID != "" && l.RequestID != f.requestID,
		f.route != "" && !strings.Contains(strings.ToLower(l.Route), strings.ToLower(f.route)), f.status != "" && !statusIs(l.Status, f.status):
		return false
	}
	return f.text == "" || l.contains(strings.ToLower(f.text))
}

// of reports whether an entry is of a user.
func (l *logEntry) of(uid string) bool {
	return l.Kind == kindServer && l.Attrs[attrUser] == uid || l.Caller != nil && (l.Caller.UID == uid || l.Caller.Actor == uid) || l.Audit != nil && (l.Audit.User == uid || l.Audit.Target == uid)
}

// statusIs takes 404 and 4xx.
func statusIs(status int, asked string) bool {
	s := strconv.Itoa(status)
	return s == asked || len(asked) == 3 && strings.HasSuffix(asked, "xx") && s[0] == asked[0]
}

func validStatus(s string) bool {
	return len(s) == 3 && s[0] >= '1' && s[0] <= '5' && (s[1:] == "xx" || s[1] >= '0' && s[1] <= '9' && s[2] >= '0' && s[2] <= '9')
}

// contains looks for a text in lower case.
func (l *logEntry) contains(lower string) bool {
	has := func(ss ...string) bool {
		return slices.ContainsFunc(ss, func(s string) bool { return strings.Contains(strings.ToLower(s), lower) })
	}
	if has(l.RequestID, l.Route, l.Message, string(l.Code)) || l.Caller != nil && has(l.Caller.UID) {
		return true
	}
	for name, v := range l.Attrs {
		if has(name, v) {
			return true
		}
	}
	if a := l.Audit; a != nil && has(a.User, a.Target, a.Detail, a.Key, a.Function, a.Operator) {
		return true
	}
	return l.Run != nil && l.Run.Contains(lower)
}

// narrow reports whether more is asked than is known of what a second had no room for.
func (f *logFilter) narrow() bool {
	return f.text != "" || f.user != "" || f.requestID != "" || f.route != ""
}

// levelOfEnd is how runs that ended so are listed, at least.
var levelOfEnd = map[string]string{"ok": levelInfo, "refused": levelWarn, "failed": levelError}

// atLeast reports whether a level is one that is asked for; "" asks for all.
func atLeast(level, asked string) bool {
	return asked == "" || slices.Index(levels, level) >= slices.Index(levels, asked)
}

// skips reports whether entries of a class of Options.Logs or Lines are asked for:
// requests as served, refused or failed, the server's lines by their level.
func (f *logFilter) skips(class string) bool {
	how, _, _ := strings.Cut(class, " ")
	kind, level, status := kindRequest, levelOfShare[how], ""
	switch level {
	case "":
		kind, level = kindServer, class
	case levelWarn:
		status = "4xx"
	case levelError:
		status = "5xx"
	}
	return f.wants(kind) && !f.narrow() && atLeast(level, f.level) && (f.status == "" || f.status == status)
}

// marks are what packs must have to hold what is asked.
func (f *logFilter) marks() (marks []string) {
	if f.level == levelWarn || f.level == levelError {
		marks = append(marks, "min:"+f.level)
	}
	if f.user != "" {
		marks = append(marks, "user:"+f.user)
	}
	if f.requestID != "" {
		marks = append(marks, "request:"+f.requestID)
	}
	if request, server := f.wants(kindRequest), f.wants(kindServer); request != server {
		if request {
			marks = append(marks, "kind:request")
		} else {
			marks = append(marks, "kind:server")
		}
	}
	return marks
}

// runs is what is asked, for the journal of runs.
func (f *logFilter) runs() functions.RunQuery {
	return functions.RunQuery{User: f.user, RequestID: f.requestID, Since: f.since, Until: f.until}
}
