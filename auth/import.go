package auth

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// ImportOptions say what a file of accounts is trusted with.
type ImportOptions struct {
	Verified bool `json:"verified,omitempty"` // the addresses that it calls proven
	Roles    bool `json:"roles,omitempty"`    // roles and app_metadata, which rules see
}

// ImportLine is an account of the file, with its place in it.
type ImportLine struct {
	Line int             `json:"line"`
	User json.RawMessage `json:"user"`
}

// ImportNote tells of a line that made no account.
type ImportNote struct {
	Line    int    `json:"line"`
	Message string `json:"message"`
}

// Imported is what became of lines.
type Imported struct {
	Made    int          `json:"made"`
	Taken   []ImportNote `json:"taken,omitempty"` // the account is there already, and stays as it is
	Refused []ImportNote `json:"refused,omitempty"`
}

// importWrites is how many writes of an import go in one commit.
const importWrites = 200

// Import makes accounts with the hashes that other programs made, for the
// command line. What is there already is not touched, so that a file may be
// imported again; of a line that is refused nothing is written. No function
// judges or hears of them.
func (s *Service) Import(ctx context.Context, lines []ImportLine, o ImportOptions) (*Imported, error) {
	r := &importer{s: s, o: o, now: s.o.Now(), seen: map[string]bool{}, out: &Imported{}}
	for _, line := range lines {
		u, err := s.readPortable(line.User, o, r.now)
		if err != nil {
			if hutch.CodeOf(err) != hutch.ValidationFailed {
				return nil, err
			}
			r.refuse(line.Line, err)
			continue
		}
		if err := r.take(ctx, account{line: line.Line, user: u}); err != nil {
			return nil, err
		}
		if r.writes >= importWrites {
			if err := r.flush(ctx); err != nil {
				return nil, err
			}
		}
	}
	if err := r.flush(ctx); err != nil {
		return nil, err
	}
	return r.out, nil
}

// importer gathers accounts for a commit.
type importer struct {
	s       *Service
	o       ImportOptions
	now     time.Time
	waiting []account
	writes  int
	seen    map[string]bool // ids of the documents that waiting makes
	looks   bool            // before it takes an account: some were there already
	out     *Imported
}

type account struct {
	line int
	user *userDoc
	ws   []data.Write
}

func (r *importer) refuse(line int, err error) {
	e := hutch.AsError(err)
	msg := e.Message
	if e.Field != "" {
		msg = e.Field + ": " + msg
	}
	r.out.Refused = append(r.out.Refused, ImportNote{line, msg})
}

// take puts an account among those that wait, unless it is there already.
func (r *importer) take(ctx context.Context, a account) error {
	u := a.user
	w, err := put(colUsers, u.ID, 0, u) // with its times
	if err != nil {
		return err
	}
	a.ws = []data.Write{w}
	claims := map[string]*identityDoc{}
	if u.EmailKey != "" {
		id := identityID(u.EmailKey)
		claims[id] = &identityDoc{ID: id, IdentityID: u.IdentityID, Provider: "email", User: u.ID, Created: u.Created}
	}
	for i := range u.Linked {
		l := &u.Linked[i]
		id := foreignID(l.Issuer, l.Subject)
		claims[id] = &identityDoc{ID: id, IdentityID: l.ID, Provider: l.Provider, User: u.ID, Created: l.Created}
	}
	made := map[string]bool{colUsers + u.ID: true}
	for id, d := range claims {
		there, err := r.there(ctx, colIdentities, id)
		if err != nil {
			return err
		}
		if there {
			r.out.Taken = append(r.out.Taken, ImportNote{a.line, r.s.named(u)})
			return nil
		}
		w, err := put(colIdentities, id, 0, d)
		if err != nil {
			return err
		}
		a.ws, made[colIdentities+id] = append(a.ws, w), true
	}
	there, err := r.there(ctx, colUsers, u.ID)
	if err != nil {
		return err
	}
	if there {
		r.refuse(a.line, invalid("id", "another account has this id"))
		return nil
	}
	for id := range made {
		r.seen[id] = true
	}
	r.waiting, r.writes = append(r.waiting, a), r.writes+len(a.ws)
	return nil
}

// there reports whether a document is there, or will be. Most files are new from
// end to end: until a commit says otherwise, the store is not asked.
func (r *importer) there(ctx context.Context, coll, id string) (bool, error) {
	if r.seen[coll+id] || !r.looks {
		return r.seen[coll+id], nil
	}
	d, err := r.s.o.System.Get(ctx, coll, id)
	if hutch.CodeOf(err) == hutch.NotFound {
		return false, nil
	}
	return d != nil, err
}

// named is an account as who imports it knows it.
func (s *Service) named(u *userDoc) string {
	if u.Email != "" {
		return u.Email
	}
	return u.ID
}

// flush commits what waits, as one or, where something in it does not go, without
// what is there already, or else one by one.
func (r *importer) flush(ctx context.Context) error {
	if len(r.waiting) == 0 {
		return nil
	}
	waiting := r.waiting
	r.waiting, r.writes, r.seen = nil, 0, map[string]bool{}
	err := r.commit(ctx, waiting)
	if err == nil || !r.single(err) {
		return err
	}
	if !r.looks {
		r.looks = true
		for _, a := range waiting {
			if err := r.take(ctx, account{line: a.line, user: a.user}); err != nil {
				return err
			}
		}
		return r.flush(ctx)
	}
	for _, a := range waiting {
		for err = r.commit(ctx, []account{a}); moved(err); err = r.commit(ctx, r.waiting) {
			// made by another meanwhile, most likely: look again
			r.waiting, r.seen = nil, map[string]bool{}
			if err := r.take(ctx, account{line: a.line, user: a.user}); err != nil {
				return err
			}
			if ctx.Err() != nil {
				return ctxError(ctx)
			}
		}
		r.waiting, r.writes, r.seen = nil, 0, map[string]bool{}
		if err != nil {
			if !r.single(err) {
				return err
			}
			r.refuse(a.line, err)
		}
	}
	return nil
}

// single reports whether an error may be that of one account of several.
func (r *importer) single(err error) bool {
	return moved(err) || hutch.CodeOf(err) == hutch.ValidationFailed
}

func (r *importer) commit(ctx context.Context, as []account) error {
	if len(as) == 0 {
		return nil
	}
	row, err := r.s.audit(r.now, auditDoc{Event: "users_imported", Detail: strconv.Itoa(len(as))})
	if err != nil {
		return err
	}
	ws := []data.Write{row}
	for i := range as {
		ws = append(ws, as[i].ws...)
	}
	// Nobody hears of them: they signed up elsewhere, some time ago.
	if err := r.s.commitWith(ctx, r.now, r.s.deriveWith(r.now, nil), ws); err != nil {
		return err
	}
	r.out.Made += len(as)
	return nil
}

// exportPage is how many accounts Export gives at a time.
const exportPage = 200

// Export gives accounts as lines of JSON behind an id, "" being the first, for
// the command line; next is what follows, "" being nothing. Whether hashes leave
// is in the audit.
func (s *Service) Export(ctx context.Context, after string, hashes bool) (lines []json.RawMessage, next string, err error) {
	q := data.Query{From: colUsers, OrderBy: []data.Order{{Path: data.FieldID}}, Limit: exportPage}
	if after != "" {
		q.Where = data.Where{Op: data.OpGt, Path: data.FieldID, Value: data.String(after)}
	} else {
		now, detail := s.o.Now(), ""
		if hashes {
			detail = "with hashes"
		}
		row, err := s.audit(now, auditDoc{Event: "users_exported", Detail: detail})
		if err == nil {
			err = s.commit(ctx, now, row)
		}
		if err != nil {
			return nil, "", err
		}
	}
	seen := 0
	for raw, err := range s.o.System.Find(ctx, q) {
		if err != nil {
			return nil, "", err
		}
		seen++
		u, err := decode[userDoc](raw)
		if err != nil {
			return nil, "", err
		}
		if next = u.ID; u.Anonymous { // its one session is the way in
			continue
		}
		line, err := json.Marshal(toPortable(u, hashes))
		if err != nil {
			return nil, "", hutch.Errorf(hutch.Internal, "encoding an account: %w", err)
		}
		lines = append(lines, line)
	}
	if seen < exportPage {
		next = ""
	}
	return lines, next, nil
}
