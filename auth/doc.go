// Package auth says who a request is: users with e-mail and password, their
// sessions and tokens, service keys. It holds no wire; server turns Service's
// methods into HTTP in GoTrue's shapes (the JSON tags here), cmd into commands.
//
// Everything lives in system collections: _users (account, password hash,
// roles, identities), _identities (one document an e-mail key, and one an issuer
// and subject, which makes both unique), _sessions (one document a session with its chain of refresh tokens),
// _keys (service keys), _signing (sealed keys) and _audit.
//
// Service.Verify is the one place where a Principal of a request is made. It
// checks signature, session and user, and remembers the outcome until the token
// ends or the feed shows a change of that session, user or key.
//
// Guarantees: no password, token, key or private key is stored in clear; a
// revocation, ban or change of roles is seen as soon as the feed shows it, and
// where the feed is silent for 3 s nothing is remembered; a spent refresh token
// that shows up again ends its session; no role or claim bypasses rules.
//
// Limits: tries are counted in documents (Counter), so that all nodes count
// together; a try that cannot be counted is refused.
package auth
