package rules

import (
	"strconv"
	"sync"
	"sync/atomic"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// encodeAuth gives what rules see as `auth`: null for all but users. Claims
// that are no JSON object make it an error, which denies whatever reads it.
func encodeAuth(p *hutch.Principal) val {
	if p.Kind != hutch.User {
		return null
	}
	claims := val{bson.TypeEmbeddedDocument, newBuilder(0).done()}
	if len(p.Claims) > 0 {
		v, _, err := parseClaims(p.Claims)
		if err != nil || v.T != bson.TypeEmbeddedDocument && v.T != bson.TypeNull {
			return val{}
		}
		if v.T != bson.TypeNull {
			claims = v
		}
	}
	roles := newBuilder(16 * len(p.Roles))
	for i, r := range p.Roles {
		roles.str(strconv.Itoa(i), r)
	}
	email := p.Email
	if !p.EmailVerified {
		email = ""
	}
	d := newBuilder(256+len(claims.B)).
		str("uid", p.UID).strOrNull("email", email).
		add("emailVerified", vBool(p.EmailVerified)).add("anonymous", vBool(p.Anonymous)).
		str("role", p.Role).add("roles", val{bson.TypeArray, roles.done()}).
		str("aal", p.AAL).str("provider", p.Provider).strOrNull("actor", p.Actor).
		add("claims", claims).done()
	if !checked(data.Doc(d)) {
		return val{}
	}
	return val{bson.TypeEmbeddedDocument, d}
}

// caller is a principal as rules see him, with bindings of rules that read
// neither the request nor other documents, each lent to one session at a time.
type caller struct {
	auth val
	idle []atomic.Pointer[bound] // by rule.number
}

func newCaller(p *hutch.Principal, rules int) *caller {
	return &caller{encodeAuth(p), make([]atomic.Pointer[bound], rules)}
}

// callersKept is how many principals a Set remembers, in two generations.
const callersKept = 4096

// callers remembers principals by their Key.
type callers struct {
	mu         sync.RWMutex
	nobody     *caller            // all who are null to rules
	young, old map[string]*caller // guarded by mu
}

func (c *callers) of(p *hutch.Principal, rules int) *caller {
	switch {
	case p.Kind != hutch.User:
		return c.nobody
	case p.Key == "":
		return newCaller(p, rules)
	}
	c.mu.RLock()
	k := c.young[p.Key]
	c.mu.RUnlock()
	if k != nil {
		return k
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if k = c.young[p.Key]; k != nil {
		return k
	}
	if k = c.old[p.Key]; k == nil {
		k = newCaller(p, rules)
	}
	if len(c.young) >= callersKept/2 || c.young == nil {
		c.old, c.young = c.young, make(map[string]*caller)
	}
	c.young[p.Key] = k
	return k
}

// encodeRequest gives what rules see as `request`, for the operation judged.
// Without a time of its own request.time is missing.
func encodeRequest(op data.Op, r *data.Request) val {
	d := newBuilder(128).str("op", string(op))
	if !r.Time.IsZero() {
		ms := data.Date(r.Time)
		d.add("time", val{ms.Type, ms.Value})
	}
	d.str("ip", r.IP)
	by := newBuilder(32 * len(r.OrderBy))
	for i, o := range r.OrderBy {
		dir := "asc"
		if o.Desc {
			dir = "desc"
		}
		by.add(strconv.Itoa(i), val{bson.TypeArray, newBuilder(32).str("0", o.Path).str("1", dir).done()})
	}
	query := newBuilder(64).add("limit", vInt(int64(r.Limit))).add("orderBy", val{bson.TypeArray, by.done()}).done()
	return val{bson.TypeEmbeddedDocument, d.add("query", val{bson.TypeEmbeddedDocument, query}).done()}
}
