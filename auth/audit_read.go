package auth

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// AuditQuery says which rows; zero fields leave it open.
type AuditQuery struct {
	Since    time.Time
	Until    time.Time
	User     string // an id, or the address of an account, whose row it is or whom it was done to
	Operator string // the id of who acted
	About    string // an id: who acted, or whom or what it was done to
	Event    string
	Request  string // the id of the request that it came of
	After    string // the id of the last row that was read
	Limit    int    // [AuditMost]
	Newest   bool   // first
}

const (
	// AuditMost is how many rows are given at a time.
	AuditMost = 500
	auditWalk = 10_000 // rows that a query looks at
)

// Audit gives rows, the oldest first unless asked otherwise, and the id to go on
// after; "" at the end. What looks for few of many may give fewer than Limit, or
// none, and still tell where to go on. not_found for an address that no account has.
func (s *Service) Audit(ctx context.Context, q AuditQuery) (rows []AuditRow, next string, err error) {
	if q.Limit < 1 || q.Limit > AuditMost {
		q.Limit = AuditMost
	}
	if strings.Contains(q.User, "@") {
		e, err := parseEmail(q.User)
		if err != nil {
			return nil, "", err
		}
		u, err := s.userByEmail(ctx, e)
		if err != nil {
			return nil, "", err
		}
		if u == nil {
			return nil, "", &hutch.Error{Code: hutch.NotFound, Field: "user", Message: "no account has this address"}
		}
		q.User = u.ID
	}
	find := data.Query{From: colAudit, OrderBy: []data.Order{{Path: data.FieldID, Desc: q.Newest}}, Limit: AuditMost}
	after := max(q.After, firstID(q.Since))
	if q.Newest {
		after = q.After
		if last := firstID(q.Until.Add(2 * time.Millisecond)); last != "" && (after == "" || last < after) {
			after = last
		}
	}
	for looked := 0; looked < auditWalk; {
		if after != "" {
			side := data.OpGt
			if q.Newest {
				side = data.OpLt
			}
			find.Where = data.Where{Op: side, Path: data.FieldID, Value: data.String(after)}
		}
		if q.Request != "" {
			find.Where = data.And(find.Where, data.Where{Op: data.OpEq, Path: "requestId", Value: data.String(q.Request)})
		}
		n := 0
		for raw, err := range s.o.System.Find(ctx, find) {
			if err != nil {
				return nil, "", err
			}
			d, err := decode[auditDoc](raw)
			if err != nil {
				return nil, "", err
			}
			n, after = n+1, d.ID
			if q.past(d) {
				return rows, "", nil
			}
			if !q.fits(d) {
				continue
			}
			if rows = append(rows, AuditRow(*d)); len(rows) == q.Limit {
				return rows, after, nil
			}
		}
		if n < AuditMost {
			return rows, "", nil
		}
		looked += n
	}
	return rows, after, nil
}

// past reports whether no row that follows d can fit.
func (q *AuditQuery) past(d *auditDoc) bool {
	if q.Newest {
		return d.At.Before(q.Since)
	}
	return !q.Until.IsZero() && d.At.After(q.Until)
}

func (q *AuditQuery) fits(d *auditDoc) bool {
	return !d.At.Before(q.Since) && (q.Until.IsZero() || !d.At.After(q.Until)) && (q.User == "" || d.User == q.User || d.Target == q.User) &&
		(q.Operator == "" || d.Operator == q.Operator) && (q.Event == "" || d.Event == q.Event) && (q.About == "" || d.isAbout(q.About)) && (q.Request == "" || d.Request == q.Request)
}

// isAbout reports whether an id stands in the row.
func (d *auditDoc) isAbout(id string) bool {
	return d.User == id || d.Operator == id || d.Key == id || d.Target == id
}

// AuditTime is when the row of an id was made, to the millisecond; zero for what is no id.
func AuditTime(id string) time.Time {
	digits := strings.ReplaceAll(id, "-", "")
	if len(digits) < 12 {
		return time.Time{}
	}
	ms, err := strconv.ParseInt(digits[:12], 16, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// firstID is below the ids that are made from t on: they begin with their time.
func firstID(t time.Time) string {
	if t.Unix() <= 0 {
		return ""
	}
	hex := fmt.Sprintf("%012x", t.UnixMilli()-1)
	return hex[:8] + "-" + hex[8:]
}
