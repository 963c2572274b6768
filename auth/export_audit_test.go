package auth

import "github.com/hutch-dev/hutch/data"

// ProofUntold are the rows of a commit that verifies a factor and tells nothing
// of it itself.
func ProofUntold() ([]AuditRow, error) {
	waits := factorDoc{ID: "f", User: "ann", Type: "totp", Session: "s"}
	counts := waits
	counts.Session = ""
	before := userDoc{ID: "ann", Factors: []factorRef{{ID: "f", Type: "totp"}}}
	after := before
	after.Factors = []factorRef{{ID: "f", Type: "totp", Verified: true}}
	var cs []data.Change
	for _, c := range []struct {
		coll, id   string
		from, into any
	}{{colUsers, "ann", before, after}, {colFactors, "f", waits, counts}} {
		from, err := data.Marshal(c.from)
		if err != nil {
			return nil, err
		}
		into, err := data.Marshal(c.into)
		if err != nil {
			return nil, err
		}
		cs = append(cs, data.Change{Op: data.OpUpdate, Collection: c.coll, ID: c.id, Before: from, After: into})
	}
	var rows []AuditRow
	for _, a := range untoldRows(cs) {
		rows = append(rows, AuditRow{Event: a.Event, User: a.User, Detail: a.Detail})
	}
	return rows, nil
}
