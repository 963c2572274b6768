package server

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
)

// Options of a Server.
type Options struct {
	Data      Data
	Auth      Auth
	DataPage  DataPage      // nil: the Data page has nothing to ask
	RulesPage RulesPage     // nil: no rules are shown
	Sockets   Sockets       // nil: /realtime/v1 answers unavailable
	Live      Live          // nil: nothing is shown of it
	Nodes     func() []Node // that serve the app, this one first
	Parts     Parts
	Desk      Desk          // the dashboard; without Operators there is none
	Settings  Settings      // of the dashboard; nil: those routes are not there
	Logs      *data.Journal // of requests; nil: none
	Lines     *data.Journal // of the server's log, and of requests that it failed; nil: they are in Logs
	Runs      Runs          // nil: none are kept
	Jobs      Jobs          // nil: there are none
	Limits    Limits
	PublicURL string         // base of issuers and links; https: HSTS
	Proxies   []netip.Prefix // whose X-Forwarded-* and X-Request-Id are believed
	Dev       bool           // answers localhost only (421), source maps, a log line a request
	Exposed   bool           // with Dev: a listener off loopback was asked for
	Ready     func() error   // nil error: the app is served; else /readyz and all but pages and ops are 503
	// Sound is asked by /readyz besides: an error takes the server out of a
	// balancer's rotation, with its message; what comes is answered all the same.
	Sound func() error
	// Details is what /readyz?verbose shows besides, for holders of an ops key.
	Details func(context.Context) map[string]any
	Metrics *prometheus.Registry
	Watch   Watch // nil: /admin/v1/metrics and overview are unavailable
	Log     *slog.Logger
	Now     func() time.Time
}

// Parts are what a reload replaces as one, without losing a request.
type Parts struct {
	Functions Functions // nil: none
	CORS      []string  // origins, exact or "*"
	Web       *Web      // nil: no pages
	Rules     RuleTexts
	Declared  []DeclaredCollection // what the Data page tells of the config
	Code      []DeclaredFunction   // what the Functions page tells of it
	App       App                  // what /openapi.json tells operators of it
}

// Limits of requests; zero fields take DefaultLimits'.
type Limits struct {
	Body    int64         // of a request; above it, up to 16 MiB, it is read and answered 413
	Request time.Duration // until a request's context ends
	Head    time.Duration // until the headers are in
	Upload  time.Duration // until the body is in, which comes at 1 KiB/s at least
}

// DefaultLimits are the documented ones.
func DefaultLimits() Limits { return Limits{Body: 1 << 20, Request: 30 * time.Second} }

const (
	maxRead      = 16 << 20 // of a body that is then answered 413
	maxHead      = 16 << 10
	bodyRate     = 1 << 10 // bytes a second, at least
	bodyGrace    = 2 * time.Second
	idleTime     = 75 * time.Second
	writeTime    = 60 * time.Second
	jsonDepth    = 40
	authBodySize = 64 << 10
)

// Data is the one door to the documents: *data.Service.
type Data interface {
	Get(ctx context.Context, coll, id string, r data.Request) (data.Doc, data.Position, error)
	Query(ctx context.Context, q data.Query, r data.Request) (*data.Page, error)
	Write(ctx context.Context, ms []data.Mutation, o data.WriteOptions) (*data.Outcome, error)
	Replay(ctx context.Context, o *data.Once) (out *data.Outcome, release func(), err error)
}

// Functions runs the app's code: *functions.Service.
type Functions interface {
	// Call runs a function as the context's principal; it judges `auth:`, the
	// key, the input, and bounds the time itself.
	Call(ctx context.Context, in *functions.Invocation) (*functions.Answer, error)
	Routes() []functions.Route
}

// Auth is sign-in: *auth.Service. Nothing of a request that it keeps is shared.
type Auth interface {
	Authenticator
	Accounts
	Issuer
	SignInElsewhere
	Mailed
	Devices
	Backend
	Passkeys
	Factors
	Admin
	ServiceKeys
	SigningKeys
}

// Authenticator says who a request is.
type Authenticator interface {
	Authenticate(ctx context.Context, c auth.Credentials) (p hutch.Principal, ends time.Time, err error)
	Exempt(ctx context.Context, c auth.Credentials) (bool, error)
	// Seen is since when what Authenticate remembers is known to hold; zero:
	// nothing is remembered.
	Seen() time.Time
}

// Accounts are the routes of /auth that sign in and out.
type Accounts interface {
	Signup(ctx context.Context, r auth.SignupRequest, c auth.Client) (*auth.Session, error)
	Token(ctx context.Context, grant string, body []byte, c auth.Client) (*auth.Session, error)
	Logout(ctx context.Context, c auth.Credentials, scope string) error
	User(ctx context.Context, c auth.Credentials) (*auth.User, error)
	UpdateUser(ctx context.Context, cr auth.Credentials, r auth.UpdateRequest, c auth.Client) (*auth.User, error)
	EraseSelf(ctx context.Context, cr auth.Credentials) error
}

// SignInElsewhere are the routes of sign-in at providers.
type SignInElsewhere interface {
	Authorize(ctx context.Context, r auth.AuthorizeRequest, c auth.Client) (*auth.Step, error)
	Callback(ctx context.Context, r auth.CallbackRequest, c auth.Client) (*auth.Step, error)
	LinkIdentity(ctx context.Context, cr auth.Credentials, r auth.AuthorizeRequest, c auth.Client) (string, error)
	Unlink(ctx context.Context, cr auth.Credentials, id string) error
}

// Mailed are the routes of mailed links and codes.
type Mailed interface {
	Landing(ctx context.Context, r auth.LandingRequest) (*auth.Landing, error)
	Follow(ctx context.Context, r auth.LandingRequest, c auth.Client) (to string, err error)
	VerifyMailed(ctx context.Context, r auth.VerifyRequest, c auth.Client) (*auth.Session, error)
	Recover(ctx context.Context, r auth.RecoverRequest, c auth.Client) error
	MagicLink(ctx context.Context, r auth.RecoverRequest, c auth.Client) error
	Resend(ctx context.Context, r auth.RecoverRequest, c auth.Client) error
	Reauthenticate(ctx context.Context, cr auth.Credentials, c auth.Client) error
}

// Devices are the routes of one's own sessions.
type Devices interface {
	Sessions(ctx context.Context, c auth.Credentials) ([]auth.Device, error)
	EndSession(ctx context.Context, c auth.Credentials, id string) error
}

// Passkeys are the routes of passkeys.
type Passkeys interface {
	PasskeyOptions(ctx context.Context, cr auth.Credentials, c auth.Client) (*auth.PasskeyChallenge, error)
	AddPasskey(ctx context.Context, cr auth.Credentials, body []byte, c auth.Client) (*auth.Passkey, error)
	PasskeyChallenge(ctx context.Context, body []byte, c auth.Client) (*auth.PasskeyChallenge, error)
	EnterByPasskey(ctx context.Context, body []byte, c auth.Client) (*auth.Session, error)
	Passkeys(ctx context.Context, c auth.Credentials) ([]*auth.Passkey, error)
	RenamePasskey(ctx context.Context, c auth.Credentials, id string, body []byte) (*auth.Passkey, error)
	RemovePasskey(ctx context.Context, c auth.Credentials, id string) error
	PasskeysOf(ctx context.Context, c auth.Credentials, id string) ([]*auth.Passkey, error)
	RemovePasskeyOf(ctx context.Context, c auth.Credentials, id, passkey string) error
	RelatedOrigins() (auth.RelatedOrigins, error)
}

// Factors are the routes of second factors.
type Factors interface {
	Enroll(ctx context.Context, cr auth.Credentials, body []byte) (*auth.Enrolled, error)
	ChallengeFactor(ctx context.Context, cr auth.Credentials, id string, body []byte) (*auth.FactorChallenge, error)
	VerifyFactor(ctx context.Context, cr auth.Credentials, id string, body []byte, c auth.Client) (*auth.Session, error)
	Unenroll(ctx context.Context, cr auth.Credentials, id string) error
	RecoveryCodes(ctx context.Context, cr auth.Credentials) (*auth.RecoveryCodes, error)
	AddRecoveryCodes(ctx context.Context, cr auth.Credentials, body []byte) (*auth.RecoveryCodes, error)
	RenewRecoveryCodes(ctx context.Context, cr auth.Credentials) (*auth.RecoveryCodes, error)
	RemoveRecoveryCodes(ctx context.Context, cr auth.Credentials) (id string, err error)
	VerifyRecoveryCode(ctx context.Context, cr auth.Credentials, body []byte, c auth.Client) (*auth.Session, error)
	FactorsOf(ctx context.Context, c auth.Credentials, id string) ([]auth.Factor, error)
	RemoveFactorOf(ctx context.Context, c auth.Credentials, id, factor string) (*auth.Factor, error)
}

// Admin are the routes for service keys of scope auth; it judges the credentials.
type Admin interface {
	Users(ctx context.Context, c auth.Credentials, q auth.UserQuery) (*auth.UserPage, error)
	UserByID(ctx context.Context, c auth.Credentials, id string) (*auth.User, error)
	AddUser(ctx context.Context, c auth.Credentials, body []byte) (*auth.User, error)
	InviteUser(ctx context.Context, c auth.Credentials, body []byte, redirect string) (*auth.User, error)
	GenerateLink(ctx context.Context, c auth.Credentials, body []byte, redirect string) (*auth.GeneratedLink, error)
	EditUser(ctx context.Context, c auth.Credentials, id string, body []byte) (*auth.User, error)
	RemoveUser(ctx context.Context, c auth.Credentials, id string, body []byte) error
	SessionsOf(ctx context.Context, c auth.Credentials, id string) ([]auth.Device, error)
	EndSessionsOf(ctx context.Context, c auth.Credentials, id string) error
	EndSessionOf(ctx context.Context, c auth.Credentials, id, session string) error
	UnlinkOf(ctx context.Context, c auth.Credentials, id, identity string) error
}

// Backend are the routes by which an app's own backend signs users in, or acts
// in their name; it judges the credentials.
type Backend interface {
	Audit(ctx context.Context, q auth.AuditQuery) (rows []auth.AuditRow, next string, err error)
	// Note writes what the context's principal did in another room into the audit.
	Note(ctx context.Context, a auth.Act) error
	SignInFor(ctx context.Context, c auth.Credentials, body []byte, from auth.Client) (*auth.Session, error)
	Impersonate(ctx context.Context, c auth.Credentials, body []byte, from auth.Client) (*auth.Impersonation, error)
}

// Issuer is what others ask about tokens and sign-in.
type Issuer interface {
	Settings() auth.Settings
	Health() auth.Health
	JWKS() (json.RawMessage, error)
	Discovery() auth.Discovery
}
