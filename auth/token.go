package auth

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/hutch-dev/hutch"
)

const (
	audience = "authenticated" // aud and role, as GoTrue's clients expect
	maxToken = 16 << 10
)

// accessClaims is the payload of an access token.
type accessClaims struct {
	Issuer    string          `json:"iss"`
	Subject   string          `json:"sub"`
	Audience  string          `json:"aud"`
	Expires   int64           `json:"exp"`
	IssuedAt  int64           `json:"iat"`
	ID        string          `json:"jti"` // <generation of the session>.<random>
	Role      string          `json:"role"`
	Email     string          `json:"email"`
	Anonymous bool            `json:"is_anonymous"`
	SessionID string          `json:"session_id"`
	AAL       string          `json:"aal"`
	AMR       []amr           `json:"amr"`
	Act       *act            `json:"act,omitempty"`
	App       json.RawMessage `json:"app_metadata"`
	User      json.RawMessage `json:"user_metadata"`
}

// act says who acts in the subject's name (RFC 8693).
type act struct {
	Subject string `json:"sub"`
}

type amr struct {
	Method    string `json:"method"`
	Timestamp int64  `json:"timestamp"`
}

// generation is the count of refreshes before this token.
func (c *accessClaims) generation() (int64, bool) {
	gen, _, ok := strings.Cut(c.ID, ".")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(gen, 10, 64)
	return n, err == nil
}

// issue signs an access token for a session as stored.
func (s *Service) issue(u *userDoc, d *sessionDoc, now time.Time) (token string, exp time.Time, err error) {
	if !d.judged && len(s.before(BeforeToken)) > 0 {
		return "", exp, hutch.Errorf(hutch.Internal, "a session on its way to a token that no function has judged")
	}
	exp = now.Add(s.o.Lifetimes.Access)
	if end := d.ends(s.o.Lifetimes); end.Before(exp) {
		exp = end
	}
	exp = exp.Truncate(time.Second)
	var nonce [16]byte
	if _, err = io.ReadFull(s.o.Entropy, nonce[:]); err != nil {
		return "", exp, hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
	}
	var actor *act
	if d.Actor != "" {
		actor = &act{Subject: d.Actor}
	}
	payload, err := json.Marshal(accessClaims{
		Issuer: s.issuer(), Subject: u.ID, Audience: audience, Expires: exp.Unix(), IssuedAt: now.Unix(),
		ID:   strconv.FormatInt(d.Gen, 10) + "." + base64.RawURLEncoding.EncodeToString(nonce[:]),
		Role: audience, Email: u.Email, Anonymous: u.Anonymous, SessionID: d.ID, AAL: aalOf(u, d), AMR: d.amr(), Act: actor,
		App: appMetadata(u), User: json.RawMessage(orEmpty(u.Meta)),
	})
	if err != nil {
		return "", exp, hutch.Errorf(hutch.Internal, "encoding a token: %w", err)
	}
	if d.Claims != "" { // before ours: whoever reads a name twice keeps ours
		payload = append([]byte(d.Claims[:len(d.Claims)-1]+","), payload[1:]...)
	}
	signed, err := s.keys.Load().signs(now).signer.Sign(payload)
	if err != nil {
		return "", exp, hutch.Errorf(hutch.Internal, "signing a token: %w", err)
	}
	token, err = signed.CompactSerialize()
	if err != nil {
		return "", exp, hutch.Errorf(hutch.Internal, "signing a token: %w", err)
	}
	return token, exp, nil
}

var errToken = errors.New("not an access token of ours")

// TokenOf reads whose an access token is that was verified before; nil: it is
// none. It checks nothing.
func TokenOf(token string) *Change {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil
	}
	var c accessClaims
	if json.Unmarshal(payload, &c) != nil || c.Subject == "" {
		return nil
	}
	return &Change{UID: c.Subject, Session: c.SessionID}
}

// open checks all that a token itself can prove: signature under a kid of ours
// and its algorithm, type, issuer, audience, expiry.
func (s *Service) open(token string, now time.Time) (*accessClaims, error) {
	return s.openAs(token, audience, now)
}

// openAs is open for tokens of an audience.
func (s *Service) openAs(token, aud string, now time.Time) (*accessClaims, error) {
	if len(token) > maxToken || strings.Count(token, ".") != 2 {
		return nil, errToken
	}
	sig, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return nil, errToken
	}
	h := sig.Signatures[0].Protected
	if typ, _ := h.ExtraHeaders[jose.HeaderType].(string); typ != tokenType {
		return nil, errToken
	}
	key := s.keys.Load().verifies(h.KeyID, now)
	if key == nil {
		return nil, errToken
	}
	payload, err := sig.Verify(key.public)
	if err != nil {
		return nil, errToken
	}
	var c accessClaims
	if err := json.Unmarshal(payload, &c); err != nil {
		return nil, errToken
	}
	if c.Issuer != s.issuer() || c.Audience != aud || c.Subject == "" || c.SessionID == "" || now.Unix() >= c.Expires {
		return nil, errToken
	}
	return &c, nil
}
