package data

// ParseJSON reads a JSON object of the wire (relaxed Extended JSON) into a
// document: one strict decoder. depth is the deepest nesting allowed. Errors:
// invalid_argument with the field.
func ParseJSON(js []byte, depth int) (Doc, error) { panic("unbuilt") }

// ParseValueJSON reads any JSON value.
func ParseValueJSON(js []byte, depth int) (Value, error) { panic("unbuilt") }

// AppendJSON appends d as relaxed Extended JSON.
func AppendJSON(dst []byte, d Doc) ([]byte, error) { panic("unbuilt") }

// AppendValueJSON appends v.
func AppendValueJSON(dst []byte, v Value) ([]byte, error) { panic("unbuilt") }

// Marshal gives a Go struct (bson tags) as a document.
func Marshal(v any) (Doc, error) { panic("unbuilt") }

// Unmarshal reads a document into a Go struct.
func Unmarshal(d Doc, v any) error { panic("unbuilt") }

// Field gives the value at a dotted path through objects; the zero Value is missing.
func Field(d Doc, path string) Value { panic("unbuilt") }

// CheckDoc walks a whole document: well-formed, only the types of values, finite
// numbers, valid UTF-8. Rules judge only documents that pass.
func CheckDoc(d Doc) error { panic("unbuilt") }

// Compare orders two values as MongoDB sorts them: types, numbers exactly,
// strings by bytes. The zero Value (missing) sorts as null.
func Compare(a, b Value) int { panic("unbuilt") }

// Equal is equality of queries: numbers across types, nothing else.
func Equal(a, b Value) bool { panic("unbuilt") }

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

// ValidID reports whether s may be an _id.
func ValidID(s string) error { panic("unbuilt") }
