// Package config reads hutch.yaml into plain structs. Load gives a Config or
// everything that is wrong with it, each finding with file, line and column.
//
// The files are read from goccy's syntax tree by a walker of our own, which one
// table of keys (keys.go) drives; JSONSchema is made from the same table.
// Expressions are kept as text with their position: rules compiles them.
//
// Guarantees: unknown keys, wrong types and references to what does not exist
// come all at once; a syntax error comes alone. Tags, anchors, aliases, merge
// keys and duplicate keys are errors. ${NAME} is replaced in parsed scalar
// values only, and a value from the environment never shows in a finding.
//
// Limits: a file is at most 1 MiB, 64 levels deep; 1,000 included files.
package config

import (
	"net/netip"
	"time"

	"github.com/hutch-dev/hutch"
)

// FileName is the config's name in an app folder.
const FileName = "hutch.yaml"

// DataFolder is where an app keeps its data unless it is told otherwise.
const DataFolder = ".hutch"

// Config is what an app folder says. Load returns it with all defaults in.
type Config struct {
	Name       string
	Web        string   // "": no pages
	Shared     []string // folders that pages may import besides Web
	Store      hutch.Secret
	Durability string // full or relaxed
	PublicURL  hutch.Secret
	Proxies    []netip.Prefix
	Isolation  string   // auto, strict or off
	Origins    []string // of CORS, exact or "*"
	Admin      Admin
	Limits     Limits
	Logs       Logs
	Seeds      []Seed
	Auth       Auth

	Helpers     []Named // rules:, e.g. "member(org)"
	Collections []Collection
	Functions   []Function
	Include     []string

	files []string // hutch.yaml and what it includes
	pos   map[string]hutch.Pos
	env   map[string]bool // keys whose value came from the environment

	values   []Value // as the files say them
	warnings []hutch.Diagnostic
}

// Admin says where the dashboard is and how operators sign in.
type Admin struct {
	Host string // "": a listener of its own
	MFA  string // required or optional
}

// Limits of the server; bytes, documents, sockets.
type Limits struct {
	Body          int64
	Request       time.Duration
	MaxScan       int64
	ScanBytes     int64
	Answer        int64
	Connections   int64
	Sockets       int64 // of guests, an address
	Subscriptions int64
}

// Logs say how much of what happened is kept, and how long.
type Logs struct {
	Kept        // requests, and the server's own lines
	Runs   Kept // of functions
	Inputs Kept // what failed runs got and gave; Keep 0: nothing
}

// Kept are the bounds of something that is kept.
type Kept struct {
	Keep time.Duration
	Size int64 // bytes, as stored
}

// Seed fills a collection that has never existed from a JSONL file.
type Seed struct {
	Collection, File string
}

// Auth is sign-in.
type Auth struct {
	Signup      bool
	Anonymous   bool
	MinLength   int64
	HashMemory  int64 // bytes
	HashTime    int64
	AccessToken time.Duration
	Idle, Max   time.Duration // of a session
	Providers   []Provider

	ConfirmEmail   bool // a sign-up is confirmed by mail
	EmailChange    string
	MFA            string // optional: a session counts without the second factor
	Redirects      []string
	PasskeyOrigins []string // of apps
	Mail           Mail
	Captcha        Captcha
	Profile        Profile
}

// Named is an expression under a name of the app's choice.
type Named struct {
	Name string
	Pos  hutch.Pos // of the name
	Expr hutch.Expr
}

// Collection holds the keys of one collection. Expressions without text are
// absent.
type Collection struct {
	Name      string
	Pos       hutch.Pos // of the name
	Schema    string
	ServerIDs bool
	Indexes   []Index
	Access    []Named // read write get list create update delete, as written
	Preset    []Named
	Default   []Named
	Immutable []string
	Scan      int64 // 0: not asked
}

// Index is one index of a collection.
type Index struct {
	Pos    hutch.Pos
	Fields []string // "-price" descends
	Unique bool
}

// Function is one function of the app.
type Function struct {
	Name        string
	Pos         hutch.Pos // of the name
	Handler     string
	Trigger     Trigger
	Auth        hutch.Expr // of call and http
	Admin       bool
	Input       string // JSON Schema file
	Idempotency string // optional or required
	Timeout     time.Duration
	Memory      int64
	Query       []Param // of an http trigger
}

// Trigger says what runs a function: exactly one of Call, HTTP, Before, Auth is set.
type Trigger struct {
	Call       bool
	HTTP       string   // "GET /api/search"
	Before     []string // create, update, delete
	Collection string   // of Before
	Auth       string   // an event of sign-in, e.g. beforeSignIn
}

// Param is a declared query parameter.
type Param struct {
	Name, Type string // string int number bool
	Optional   bool
}

// Pos is where the value of a key stands, e.g. Pos("collections.pets.schema");
// the nearest parent's where the key is not written.
func (c *Config) Pos(path string) hutch.Pos {
	for {
		if p, ok := c.pos[path]; ok {
			return p
		}
		i := lastDot(path)
		if i < 0 {
			return hutch.Pos{File: FileName, Line: 1, Column: 1}
		}
		path = path[:i]
	}
}

// Files are hutch.yaml and what it includes, in the order they were read.
func (c *Config) Files() []string { return c.files }

// Text gives the expression of name in es.
func Text(es []Named, name string) (hutch.Expr, bool) {
	for _, e := range es {
		if e.Name == name {
			return e.Expr, true
		}
	}
	return hutch.Expr{}, false
}

func lastDot(s string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '.' {
			return i
		}
	}
	return -1
}

// defaults is a Config before hutch.yaml is read.
func defaults() *Config {
	return &Config{
		Durability: "full",
		Isolation:  "auto",
		Admin:      Admin{MFA: "required"},
		Limits: Limits{
			Body: 1 << 20, Request: 30 * time.Second,
			MaxScan: 50_000, ScanBytes: 64 << 20, Answer: 8 << 20,
			Connections: 20_000, Sockets: 1000, Subscriptions: 100,
		},
		Logs: Logs{
			Kept: Kept{7 * day, 256 << 20}, Runs: Kept{7 * day, 256 << 20}, Inputs: Kept{72 * time.Hour, 128 << 20},
		},
		Auth: Auth{
			Signup: true, MinLength: 10, HashMemory: 19 << 20, HashTime: 2,
			AccessToken: 15 * time.Minute,
			Idle:        30 * 24 * time.Hour, Max: 365 * 24 * time.Hour,
			EmailChange: "secure", MFA: "required",
		},
		pos: map[string]hutch.Pos{},
		env: map[string]bool{},
	}
}
