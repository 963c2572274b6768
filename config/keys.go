package config

import (
	"time"

	"github.com/hutch-dev/hutch"
)

const (
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30
	day = 24 * time.Hour
)

// keys is the table of what hutch.yaml may hold; the walker and JSONSchema read
// it, and nothing else describes a key.
func (c *Config) keys() []key {
	l, a := &c.Limits, &c.Auth
	return []key{
		required(text("name", "The app's name: lower-case letters, digits and dashes.", &c.Name, badAppName)),
		plain("web", "The folder with the app's pages.", &c.Web, func(s string) string { return badPath(s) }),
		texts("shared", "Folders that pages may import besides web.", &c.Shared, func(s string) string { return badPath(s) }),
		secret("store", "Where documents live: a mongodb:// URL. Empty: embedded, in the data folder.", &c.Store, anyText),
		choice("durability", "The embedded store: full waits for the disk at each commit, relaxed at most 100 ms.", &c.Durability, "full", "relaxed"),
		shown(secret("publicUrl", "What the app is reached by: issuer of tokens, base of links.", &c.PublicURL, badPublicURL)),
		prefixes("proxies", "Addresses whose X-Forwarded-* headers are believed.", &c.Proxies),
		choice("isolation", "How functions are confined.", &c.Isolation, "auto", "strict", "off"),
		object("cors", "Which pages of other origins may call.",
			texts("origins", "Exact origins, or *.", &c.Origins, badOrigin)),
		object("admin", "The dashboard and who runs the server by it.",
			text("host", "A name of its own for the dashboard on the app's listener, e.g. admin.shop.example; else it has a listener of its own.", &c.Admin.Host, badHost),
			choice("mfa", "The second factor of operators: required, or optional: who has one is asked for it.", &c.Admin.MFA, "required", "optional")),
		object("limits", "What a client may ask for.",
			size("body", "Bytes of a request.", &l.Body, 1*kib, 16*mib),
			span("request", "How long a request may take.", &l.Request, time.Second, 10*time.Minute),
			number("maxScan", "Documents a query may examine; guests a tenth.", &l.MaxScan, 10, 100_000_000),
			size("scanBytes", "Bytes a query may examine; guests a tenth.", &l.ScanBytes, 64*kib, 64*gib),
			size("answer", "Bytes of a page.", &l.Answer, 64*kib, 64*mib),
			number("connections", "Open websockets.", &l.Connections, 1, 1_000_000),
			number("sockets", "Open websockets of guests, an address.", &l.Sockets, 1, 1_000_000),
			number("subscriptions", "Live queries of a websocket.", &l.Subscriptions, 1, 10_000)),
		object("logs", "What is kept of requests and of the server's own log; runs and inputs: of functions.",
			span("keep", "How long.", &c.Logs.Keep, time.Hour, 90*day),
			size("size", "Bytes of requests, and as many of the server's log and of requests that it failed.", &c.Logs.Size, 1*mib, 64*gib),
			object("runs", "What functions did.",
				span("keep", "How long.", &c.Logs.Runs.Keep, time.Hour, 7*day),
				size("size", "Bytes.", &c.Logs.Runs.Size, 1*mib, 64*gib)),
			object("inputs", "What failed runs got and gave.",
				span("keep", "How long; 0s: it is not kept.", &c.Logs.Inputs.Keep, 0, 3*day),
				size("size", "Bytes.", &c.Logs.Inputs.Size, 1*mib, 64*gib))),
		seeds("seed", "Documents (JSONL) for a collection that has never existed.", &c.Seeds),
		object("auth", "Sign-in.",
			flag("signup", "Whether anyone may make an account.", &a.Signup),
			flag("anonymous", "Whether anyone may be a user without an address.", &a.Anonymous),
			object("password", "Passwords.",
				number("minLength", "Characters a password has at least.", &a.MinLength, 8, 256),
				object("hash", "The cost of argon2id.",
					size("memory", "Memory of a hash.", &a.HashMemory, 19*mib, 256*mib),
					number("time", "Passes of a hash.", &a.HashTime, 2, 10))),
			span("accessToken", "How long an access token holds.", &a.AccessToken, time.Minute, day),
			object("session", "How long a sign-in holds.",
				span("idle", "Without use.", &a.Idle, time.Minute, 3650*day),
				span("max", "In all.", &a.Max, time.Minute, 3650*day)),
			flag("confirmEmail", "Whether a sign-up is confirmed by mail; the default is true where mail.smtp is set.", &a.ConfirmEmail),
			choice("emailChange", "A new address: secure, both confirm; single, the new one.", &a.EmailChange, "secure", "single"),
			choice("mfa", "A session whose user has a second factor, before that is proven: required, it is a guest; optional, it counts.", &a.MFA, "required", "optional"),
			texts("redirects", "Where sign-in may send browsers beside publicUrl: URLs, * in a path segment, ** for the rest.", &a.Redirects, anyText),
			object("passkeys", "Passkeys; they are made for the domain of publicUrl.",
				texts("origins", "Origins of apps beside publicUrl: https://app.example or android:apk-key-hash:...", &a.PasskeyOrigins, badPasskeyOrigin)),
			object("mail", "Mails of sign-in.", a.Mail.keys()...),
			object("profile", "A document of each account, with its id.", a.Profile.keys()...),
			object("captcha", "What keeps programs from signing up, signing in and having mail sent.", a.Captcha.keys()...),
			named("providers", "Sign-in elsewhere: google, apple, microsoft, github, gitlab, discord, or any issuer of OpenID Connect.", &a.Providers, badProvider, (*Provider).keys)),
		expressions("rules", "Helpers for expressions: name or name(arguments).", &c.Helpers, badHelper),
		named("collections", "The collections of documents.", &c.Collections, badCollection, (*Collection).keys),
		named("functions", "The app's code on the server.", &c.Functions, badFunction, (*Function).keys),
		includes("include", "More files with the same top-level keys.", &c.Include),
	}
}

func (c *Collection) keys(name string, at hutch.Pos) []key {
	c.Name, c.Pos = name, at
	var ids string
	return []key{
		file("schema", "The JSON Schema of the documents.", &c.Schema, ".json"),
		then(choice("ids", "server: clients may not choose ids.", &ids, "server"), func() { c.ServerIDs = ids == "server" }),
		indexes("indexes", "Indexes, for queries and unique values.", &c.Indexes),
		access("access", "Who may do what; nothing is allowed by default.", &c.Access),
		expressions("preset", "Fields that the server sets on create, whatever was sent.", &c.Preset, badPathName),
		expressions("default", "Fields that the server fills on create where none was sent.", &c.Default, badPathName),
		texts("immutable", "Fields that keep the value they were created with.", &c.Immutable, badPathName),
		number("scan", "Documents a page may examine under a list rule that is no exact filter.", &c.Scan, 1, 100_000),
	}
}

func (f *Function) keys(name string, at hutch.Pos) []key {
	f.Name, f.Pos = name, at
	t := &f.Trigger
	return []key{
		required(file("handler", "The file whose default export is the function.", &f.Handler, ".ts", ".mts", ".tsx", ".js", ".mjs", ".jsx")),
		required(object("trigger", "What runs the function: call, http, before or auth.",
			object2("call", "POST /functions/v1/<name>.", func() { t.Call = true }),
			text("http", `Method and path, e.g. "GET /api/search/{id}".`, &t.HTTP, anyText),
			texts("before", "Before which writes: create, update, delete.", &t.Before, oneOf("create", "update", "delete")),
			text("collection", "The collection of before.", &t.Collection, anyText),
			choice("auth", "An event of sign-in: before it functions judge, after it they hear.", &t.Auth, AuthEvents()...))),
		expression("auth", "Who may call, of call and http triggers.", &f.Auth),
		flag("admin", "Whether ctx.admin.db, which skips rules, and ctx.auth, which manages accounts, are there.", &f.Admin),
		file("input", "The JSON Schema of the input.", &f.Input, ".json"),
		choice("idempotency", "required: a request without Idempotency-Key is refused.", &f.Idempotency, "optional", "required"),
		span("timeout", "How long a run may take.", &f.Timeout, 10*time.Millisecond, 15*time.Minute),
		size("memory", "Memory of a run.", &f.Memory, 8*mib, 512*mib),
		object("request", "What an http function takes.",
			params("query", "Query parameters: string, int, number or bool; with ? they may be left out.", &f.Query)),
	}
}

// AuthEvents are what functions with the trigger auth judge or hear of.
func AuthEvents() []string {
	return []string{"beforeSignUp", "beforeSignIn", "beforeToken", "afterSignUp", "afterDelete"}
}

// accessKeys are what access speaks of, the wider ones first.
var accessKeys = []string{"read", "write", "get", "list", "create", "update", "delete"}

var accessAbout = map[string]string{
	"read": "get and list, where these are not given.", "write": "create, update and delete, where these are not given.",
	"get": "Reading a document by its id.", "list": "Queries, live ones too.",
	"create": "New documents.", "update": "Changes.", "delete": "Deletes.",
}
