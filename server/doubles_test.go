package server_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
)

// documents stands for data.Service. `open` is everybody's; a note is its
// owner's; every other collection denies all but service keys of scope data.
type documents struct {
	mu    sync.Mutex // guards the rest
	docs  map[string]data.Doc
	who   []hutch.Principal
	kept  map[string]*data.Outcome
	clock int64
	block chan struct{} // not nil: Get waits for it
	fault func()
}

func newDocuments() *documents {
	return &documents{docs: map[string]data.Doc{}, kept: map[string]*data.Outcome{}, clock: 10}
}

func (d *documents) may(ctx context.Context, coll string, doc data.Doc) bool {
	p := hutch.PrincipalFrom(ctx)
	switch {
	case p.Bypasses(), coll == "open":
		return true
	case coll == "notes":
		return p.Kind == hutch.User && (doc == nil || data.Text(data.Field(doc, "owner")) == p.UID)
	}
	return false
}

func refuse(ctx context.Context) error {
	if p := hutch.PrincipalFrom(ctx); p.IsGuest() {
		return hutch.Errorf(hutch.Unauthenticated, "sign in first")
	}
	return hutch.Errorf(hutch.PermissionDenied, "the rules do not allow this")
}

func absent() error { return hutch.Errorf(hutch.NotFound, "no such document") }

func (d *documents) Get(ctx context.Context, coll, id string, _ data.Request) (data.Doc, data.Position, error) {
	d.mu.Lock()
	d.who = append(d.who, hutch.PrincipalFrom(ctx))
	block, fault := d.block, d.fault
	doc := d.docs[coll+"/"+id]
	d.mu.Unlock()
	if fault != nil {
		fault()
	}
	if block != nil {
		select {
		case <-block:
		case <-ctx.Done():
			return nil, "", ctx.Err()
		}
	}
	if doc == nil || !d.may(ctx, coll, doc) {
		return nil, "", absent()
	}
	return doc, "", nil
}

func (d *documents) Query(ctx context.Context, q data.Query, _ data.Request) (*data.Page, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.may(ctx, q.From, nil) {
		return nil, refuse(ctx)
	}
	p := &data.Page{Docs: []data.Doc{}}
	for _, key := range slices.Sorted(maps.Keys(d.docs)) {
		if strings.HasPrefix(key, q.From+"/") && d.may(ctx, q.From, d.docs[key]) {
			p.Docs = append(p.Docs, d.docs[key])
		}
	}
	p.Count = int64(len(p.Docs))
	if q.Limit > 0 && len(p.Docs) > q.Limit {
		p.Docs, p.Next = p.Docs[:q.Limit], "more"
	}
	return p, nil
}

func (d *documents) Write(ctx context.Context, ms []data.Mutation, o data.WriteOptions) (*data.Outcome, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := &data.Outcome{}
	for _, m := range ms {
		d.clock++
		if m.Op == data.OpCreate && m.ID == "" {
			if m.ID = data.Text(data.Field(m.Data, "_id")); m.ID == "" {
				m.ID = "id" + strconv.FormatInt(d.clock, 10)
			}
		}
		key := m.In + "/" + m.ID
		old := d.docs[key]
		if old != nil && !d.may(ctx, m.In, old) {
			old = nil
			if m.Op == data.OpSet {
				return nil, refuse(ctx)
			}
		}
		switch {
		case (m.Op == data.OpUpdate || m.Op == data.OpDelete) && old == nil:
			return nil, absent()
		case !d.may(ctx, m.In, nil):
			return nil, refuse(ctx)
		case m.Op == data.OpCreate && d.docs[key] != nil:
			return nil, hutch.Errorf(hutch.AlreadyExists, "the id is taken")
		}
		if v, _ := data.Integer(data.Field(old, "_version")); m.IfVersion != 0 && m.IfVersion != v || m.IfMissing && old != nil || m.IfExists && old == nil {
			return nil, &hutch.Error{Code: hutch.FailedPrecondition, Reason: hutch.ReasonVersion, Message: "another version"}
		}
		res := data.WriteResult{In: m.In, ID: m.ID, Version: d.clock, Created: old == nil}
		if m.Op == data.OpDelete {
			delete(d.docs, key)
			res.Version = 0
		} else {
			doc := data.With(data.Without(m.Data, "_id", "_version"), data.Elem{Name: "_id", Value: data.String(m.ID)}, data.Elem{Name: "_version", Value: data.Int64(d.clock)})
			d.docs[key] = doc
			if o.Docs {
				res.Doc = doc
			}
		}
		out.Results = append(out.Results, res)
	}
	out.Position = data.Position("00000000000000" + strconv.FormatInt(d.clock%90+10, 10))
	if o.Once != nil {
		kept := *out
		kept.Replayed, kept.Value = true, o.Once.Body
		kept.Results = slices.Clone(out.Results)
		for i := range kept.Results {
			kept.Results[i].Doc = nil
		}
		d.kept[o.Once.Scope+"\x00"+o.Once.Key] = &kept
	}
	return out, nil
}

func (d *documents) Replay(_ context.Context, o *data.Once) (*data.Outcome, func(), error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	kept := d.kept[o.Scope+"\x00"+o.Key]
	if kept != nil && string(kept.Value) != string(o.Body) {
		return nil, func() {}, &hutch.Error{Code: hutch.InvalidArgument, Field: "Idempotency-Key", Message: "the key was used with another body"}
	}
	return kept, func() {}, nil
}

// put stores a document of an owner.
func (d *documents) put(coll, id, owner, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.clock++
	d.docs[coll+"/"+id] = data.NewDoc(
		data.Elem{Name: "_id", Value: data.String(id)}, data.Elem{Name: "owner", Value: data.String(owner)},
		data.Elem{Name: "text", Value: data.String(text)}, data.Elem{Name: "_version", Value: data.Int64(d.clock)})
}

func (d *documents) seen() []hutch.Principal {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.who)
}

// elsewhere stands for sign-in at providers.
type elsewhere struct{}

func (elsewhere) Authorize(_ context.Context, r auth.AuthorizeRequest, _ auth.Client) (*auth.Step, error) {
	if r.Provider == "" && r.Ticket == "" {
		return nil, &hutch.Error{Code: hutch.ValidationFailed, Field: "provider", Message: "provider is missing"}
	}
	return &auth.Step{Location: "https://id.example/authorize?x=1", Cookie: auth.Cookie{Name: "__Host-hutch-state-1", Value: "v", Secure: true, Life: time.Minute}}, nil
}

func (elsewhere) Callback(_ context.Context, r auth.CallbackRequest, _ auth.Client) (*auth.Step, error) {
	return &auth.Step{Location: "https://shop.example/?code=" + r.Code + r.Cookie("hutch-state-1") + r.Name, Cookie: auth.Cookie{Name: "hutch-state-1"}}, nil
}

func (p *people) LinkIdentity(_ context.Context, c auth.Credentials, r auth.AuthorizeRequest, _ auth.Client) (string, error) {
	if _, err := p.present(c); err != nil {
		return "", err
	}
	return "https://shop.example/auth/v1/authorize?ticket=" + r.Provider, nil
}

func (p *people) Unlink(_ context.Context, c auth.Credentials, id string) error {
	if _, err := p.present(c); err != nil {
		return err
	}
	if id == "other" {
		return &hutch.Error{Code: hutch.IdentityNotFound, Message: "the account has no such identity"}
	}
	return nil
}

// people stands for auth.Service: every token is `token-<name>`.
type people struct {
	elsewhere
	mailed
	known map[string]hutch.Principal

	mu    sync.Mutex // guards the rest
	acts  []string   // who did what to what
	trail []auth.AuditRow
	walk  int               // rows of it that are looked at; 0: all
	asked []auth.AuditQuery // of it
}

func newPeople() *people {
	user := func(name string) hutch.Principal { return hutch.Principal{Kind: hutch.User, UID: name}.Sealed() }
	key := func(id, scope string) hutch.Principal {
		return hutch.Principal{Kind: hutch.Service, UID: id, Scopes: []string{scope}}.Sealed()
	}
	return &people{known: map[string]hutch.Principal{
		"ann": user("ann"), "bob": user("bob"), "data": key("k1", hutch.ScopeData), "ops": key("k2", hutch.ScopeOps), "auth": key("k3", hutch.ScopeAuth),
		"operator": hutch.Principal{Kind: hutch.Operator, UID: "op"}.Sealed(),
	}, trail: []auth.AuditRow{{ID: "1", Event: "signed_in"}}}
}

func (p *people) token(name string) string {
	switch name {
	case "data", "ops", "auth":
		return "hutch_sk_" + name + "_k_secret" + name
	}
	return "token-" + name
}

func (p *people) Authenticate(_ context.Context, c auth.Credentials) (hutch.Principal, time.Time, error) {
	token := strings.TrimPrefix(c.Authorization, "Bearer ")
	if c.Authorization == "" && strings.HasPrefix(c.APIKey, "hutch_sk_") {
		token = c.APIKey
	}
	if token == "" || token == "anon" {
		return hutch.Principal{}, time.Time{}, nil
	}
	for name, who := range p.known {
		if p.token(name) == token && (!c.Browser || who.Kind != hutch.Service) {
			return who, time.Time{}, nil
		}
	}
	return hutch.Principal{}, time.Time{}, hutch.Errorf(hutch.Unauthenticated, "the credential is not valid")
}

// Seen is zero: the double remembers nothing.
func (p *people) Seen() time.Time { return time.Time{} }

func (p *people) Exempt(ctx context.Context, c auth.Credentials) (bool, error) {
	if !strings.Contains(c.Authorization+c.APIKey, "hutch_sk_") {
		return false, nil
	}
	who, _, err := p.Authenticate(ctx, c)
	return who.Kind == hutch.Service, err
}

func (p *people) Signup(_ context.Context, r auth.SignupRequest, _ auth.Client) (*auth.Session, error) {
	return &auth.Session{AccessToken: "token-" + r.Email, User: &auth.User{Email: r.Email}}, nil
}

func (p *people) Token(_ context.Context, grant string, body []byte, _ auth.Client) (*auth.Session, error) {
	if grant != "password" {
		return nil, &hutch.Error{Code: hutch.ValidationFailed, Field: "grant_type", Message: "unknown grant"}
	}
	r, err := auth.ParsePassword(body)
	return &auth.Session{AccessToken: "token-" + r.Email}, err
}

func (p *people) present(c auth.Credentials) (*auth.User, error) {
	if c.Authorization == "" {
		return nil, &hutch.Error{Code: hutch.NoAuthorization, Message: "sign in first"}
	}
	who, _, err := p.Authenticate(context.Background(), c)
	if err != nil || who.Kind != hutch.User {
		return nil, &hutch.Error{Code: hutch.BadJWT, Message: "the access token is not valid"}
	}
	return &auth.User{ID: who.UID}, nil
}

func (p *people) Logout(_ context.Context, c auth.Credentials, _ string) error {
	_, err := p.present(c)
	return err
}

func (p *people) User(_ context.Context, c auth.Credentials) (*auth.User, error) {
	return p.present(c)
}

func (p *people) UpdateUser(_ context.Context, c auth.Credentials, _ auth.UpdateRequest, _ auth.Client) (*auth.User, error) {
	return p.present(c)
}

func (p *people) EraseSelf(_ context.Context, c auth.Credentials) error {
	_, err := p.present(c)
	return err
}
func (p *people) Settings() auth.Settings        { return auth.Settings{} }
func (p *people) Health() auth.Health            { return auth.Health{Name: "test"} }
func (p *people) JWKS() (json.RawMessage, error) { return json.RawMessage(`{"keys":[]}`), nil }
func (p *people) Discovery() auth.Discovery {
	return auth.Discovery{ResponseTypes: []string{}, SubjectTypes: []string{}, Algorithms: []string{}, Claims: []string{}}
}

// code stands for functions.Service: it answers what it was asked.
type code struct {
	mu     sync.Mutex // guards the rest
	last   *functions.Invocation
	routes []functions.Route
	answer func(context.Context, *functions.Invocation) (*functions.Answer, error)
}

func (c *code) Call(ctx context.Context, in *functions.Invocation) (*functions.Answer, error) {
	c.mu.Lock()
	c.last = in
	answer := c.answer
	c.mu.Unlock()
	if answer != nil {
		return answer(ctx, in)
	}
	if in.Function == "members" && hutch.PrincipalFrom(ctx).Kind == hutch.Guest {
		return nil, hutch.Errorf(hutch.Unauthenticated, "sign in first")
	}
	if in.Function != "echo" && in.Function != "members" {
		return nil, hutch.Errorf(hutch.NotFound, "no such function")
	}
	return &functions.Answer{Body: append([]byte(nil), in.Body...)}, nil
}

func (c *code) Routes() []functions.Route { return c.routes }

func (c *code) invocation() *functions.Invocation {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

func failing(err error) func(context.Context, *functions.Invocation) (*functions.Answer, error) {
	return func(context.Context, *functions.Invocation) (*functions.Answer, error) { return nil, err }
}
