package data

// CompareDocs orders documents by keys as a sort does (arrays by their least or
// greatest element), _id last.
func CompareDocs(a, b Doc, keys []Order) int { panic("unbuilt") }

// Matcher is a compiled Where; safe for concurrent use.
type Matcher struct{}

// Compile checks w and prepares it; invalid_argument names the path.
func Compile(w Where) (*Matcher, error) { panic("unbuilt") }

// Match reports whether d passes.
func (m *Matcher) Match(d Doc) bool { panic("unbuilt") }

// ParseWhere reads the wire form of a filter. client: only operators that
// clients may use, within the budgets of clauses, depth and values.
func ParseWhere(d Doc, client bool) (Where, error) { panic("unbuilt") }

// ParseQuery reads the body of POST /data/v1/query and of a sub's query.
func ParseQuery(d Doc) (Query, error) { panic("unbuilt") }

// Canonical is the query as text, equal for equal queries (limit and after left out).
func (q Query) Canonical() string { panic("unbuilt") }

// ApplyUpdate gives old changed by a PATCH body: plain fields and operators.
func ApplyUpdate(old, patch Doc, now int64) (Doc, error) { panic("unbuilt") }
