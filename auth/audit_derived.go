package auth

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// derive is what goes with every commit: the jobs of who hears of accounts, their
// profiles, and the rows of the audit that the commit's own do not tell. So no way to change an
// account leaves the audit out. depth is that of the job which commits.
func (s *Service) derive(now time.Time, depth int) func([]data.Change) ([]data.Write, error) {
	return s.deriveWith(now, s.hearers(depth))
}

// deriveWith is derive with other jobs for who hears of accounts; nil: nobody does.
func (s *Service) deriveWith(now time.Time, hear func([]data.Change) ([]data.Write, error)) func([]data.Change) ([]data.Write, error) {
	return func(cs []data.Change) (ws []data.Write, err error) {
		if hear != nil {
			if ws, err = hear(cs); err != nil {
				return nil, err
			}
		}
		more, err := s.profiles(cs, hutch.ValidationFailed)
		if err != nil {
			return nil, err
		}
		ws = append(ws, more...)
		for _, a := range untoldRows(cs) {
			w, err := s.audit(now, a)
			if err != nil {
				return nil, err
			}
			ws = append(ws, w)
		}
		return ws, nil
	}
}

// told are the ids that rows of a commit speak of.
func toldIn(cs []data.Change) map[string]bool {
	told := map[string]bool{}
	for i := range cs {
		if cs[i].Collection != colAudit || cs[i].After == nil {
			continue
		}
		for _, field := range []string{"user", "session", "key", "operator", "target"} {
			told[field+" "+text(cs[i].After, field)] = true
		}
	}
	return told
}

// text reads a field of text; "" where it is none.
func text(d data.Doc, field string) string {
	return data.Text(data.Field(d, field))
}

// untoldRows are the rows of what changes without one: accounts, sessions, keys.
func untoldRows(cs []data.Change) (rows []auditDoc) {
	var told map[string]bool
	for i := range cs {
		c := &cs[i]
		var a auditDoc
		switch c.Collection {
		case colUsers:
			a = userRow(c)
		case colSessions:
			a = sessionRow(c)
		case colKeys:
			a = keyRow(c)
		case colFactors:
			a = factorRow(c)
		case colOperators:
			a = operatorRow(c)
		}
		if a.Event == "" {
			continue
		}
		if told == nil {
			told = toldIn(cs)
		}
		// A sign-in is a fact of its own, whatever else the commit does.
		if a.Event != "signed_in" && (a.User != "" && told["user "+a.User] || a.Session != "" && told["session "+a.Session] || a.Key != "" && told["key "+a.Key] ||
			a.Target != "" && (told["target "+a.Target] || told["operator "+a.Target])) {
			continue
		}
		rows = append(rows, a)
	}
	// What ends with its account needs no row of its own.
	gone := map[string]bool{}
	for i := range cs {
		if cs[i].Collection == colUsers && cs[i].After == nil {
			gone[cs[i].ID] = true
		}
	}
	return slices.DeleteFunc(rows, func(a auditDoc) bool { return a.Event == "signed_out" && gone[a.User] })
}

// quiet are the fields of an account whose change is no news: what using it
// changes, and what its user says about themselves.
var quiet = []string{"_version", "_createdAt", "_updatedAt", "updatedAt", "lastSignInAt", "networks", "userMetadata", "from", "invitedAt", "undone"}

// userRow tells what happened to an account.
func userRow(c *data.Change) auditDoc {
	switch {
	case c.Before == nil && c.After == nil:
		return auditDoc{}
	case c.Before == nil:
		return auditDoc{Event: "signed_up", User: c.ID}
	case c.After == nil:
		return auditDoc{Event: "user_deleted", User: c.ID}
	}
	names := differing(c.Before, c.After)
	switch {
	case len(names) == 0:
		return auditDoc{}
	case len(names) == 1 && names[0] == "epoch":
		return auditDoc{Event: "sessions_ended", User: c.ID}
	}
	return auditDoc{Event: "user_changed", User: c.ID, Detail: strings.Join(names, ",")}
}

// differing names the fields that two images of an account do not share.
func differing(a, b data.Doc) (names []string) {
	now := maps.Collect(data.Fields(b))
	for name, v := range data.Fields(a) {
		if other, ok := now[name]; !ok || essence(v) != essence(other) {
			names = append(names, name)
		}
		delete(now, name)
	}
	for name := range now {
		names = append(names, name)
	}
	names = slices.DeleteFunc(names, func(n string) bool { return slices.Contains(quiet, n) })
	slices.Sort(names)
	return names
}

// essence is what makes two values differ: of a list of identities or factors
// their ids and states, not when each was used.
func essence(v data.Value) string {
	var b strings.Builder
	listed := false
	for e := range data.Elements(v) {
		d, ok := e.DocumentOK()
		if !ok {
			return string(rune(v.Type)) + string(v.Value)
		}
		listed = true
		if id := text(d, "id"); id != "" {
			verified, _ := data.Field(d, "verified").BooleanOK()
			b.WriteString(id + " " + strconv.FormatBool(verified) + "\n")
		} else {
			b.Write(d)
		}
	}
	if !listed {
		return string(rune(v.Type)) + string(v.Value)
	}
	return b.String()
}

// sessionRow tells of a session's begin and end, and of its rise to another
// level. Refreshes are no news.
func sessionRow(c *data.Change) auditDoc {
	switch {
	case c.After == nil:
		return auditDoc{Event: "signed_out", User: text(c.Before, "user"), Session: c.ID}
	case c.Before == nil:
		network := ""
		if a, err := netip.ParseAddr(text(c.After, "addr")); err == nil {
			network = area(a)
		}
		return auditDoc{
			Event: "signed_in", User: text(c.After, "user"), Session: c.ID, Network: network,
			Detail: joined(text(c.After, "method"), text(c.After, "provider"), text(c.After, "aal")),
		}
	case text(c.Before, "aal") != text(c.After, "aal"):
		return auditDoc{Event: "session_raised", User: text(c.After, "user"), Session: c.ID, Detail: text(c.After, "aal")}
	}
	return auditDoc{}
}

// factorRow tells of passkeys and second factors; their use is no news.
func factorRow(c *data.Change) auditDoc {
	switch {
	case c.Before == nil:
		return auditDoc{Event: "factor_begun", User: text(c.After, "user"), Detail: joined(c.ID, factorState(c.After))}
	case c.After == nil:
		return auditDoc{Event: "factor_removed", User: text(c.Before, "user"), Detail: c.ID}
	case factorState(c.Before) != factorState(c.After):
		return auditDoc{Event: "factor_changed", User: text(c.After, "user"), Detail: joined(c.ID, factorState(c.After))}
	}
	return auditDoc{}
}

// factorState tells whether a factor counts: while it does not, its document
// names the session that may verify it.
func factorState(d data.Doc) string {
	if text(d, "session") != "" {
		return "unverified"
	}
	return "verified"
}

// operatorRow tells of operators; their sessions are told where they begin.
func operatorRow(c *data.Change) auditDoc {
	switch {
	case c.Before == nil:
		return auditDoc{Event: "operator_created", Target: c.ID}
	case c.After == nil:
		return auditDoc{Event: "operator_removed", Target: c.ID}
	}
	names := slices.DeleteFunc(differing(c.Before, c.After), func(n string) bool { return n == "sessions" })
	if len(names) == 0 {
		return auditDoc{}
	}
	return auditDoc{Event: "operator_changed", Target: c.ID, Detail: strings.Join(names, ",")}
}

// keyRow tells of service keys; their use is no news.
func keyRow(c *data.Change) auditDoc {
	switch {
	case c.Before == nil:
		return auditDoc{Event: "key_created", Key: c.ID, Detail: text(c.After, "scope")}
	case c.After == nil:
		return auditDoc{Event: "key_revoked", Key: c.ID, Detail: text(c.Before, "scope")}
	}
	for _, field := range []string{"hash", "scope", "expiresAt"} {
		if essence(data.Field(c.Before, field)) != essence(data.Field(c.After, field)) {
			return auditDoc{Event: "key_changed", Key: c.ID, Detail: field}
		}
	}
	return auditDoc{}
}
