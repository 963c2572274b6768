package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const (
	forCode  = "mail_code" // purpose of what a redirect carries
	codeTime = 5 * time.Minute
)

// Flow is what a client says of a sign-in that ends with a redirect.
type Flow struct {
	Challenge string `json:"challenge,omitempty"` // code_challenge; "": the client began none
	Plain     bool   `json:"plain,omitempty"`     // the challenge is the verifier itself
	Redirect  string `json:"redirect,omitempty"`  // redirect_to, judged when it is used
}

// parseChallenge reads code_challenge and code_challenge_method of a body or a
// query (RFC 7636).
func parseChallenge(challenge, method string) (f Flow, err error) {
	if challenge == "" {
		return f, nil
	}
	if len(challenge) < 43 || len(challenge) > 128 || strings.ContainsFunc(challenge, notUnreserved) {
		return f, invalid("code_challenge", "a challenge has 43 to 128 letters, digits, - . _ ~")
	}
	switch strings.ToLower(method) {
	case "s256":
	case "plain", "":
		f.Plain = true
	default:
		return f, invalid("code_challenge_method", "the method is s256 or plain")
	}
	f.Challenge = challenge
	return f, nil
}

func (f fields) flow() (Flow, error) {
	challenge, _, err := f.text("code_challenge")
	if err != nil {
		return Flow{}, err
	}
	method, _, err := f.text("code_challenge_method")
	if err != nil {
		return Flow{}, err
	}
	return parseChallenge(challenge, method)
}

func notUnreserved(r rune) bool {
	return (r|0x20 < 'a' || r|0x20 > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("-._~", r)
}

// proves reports whether verifier is the one of the flow's challenge.
func (f *Flow) proves(verifier string) bool {
	if f.Challenge == "" || len(verifier) < 43 || len(verifier) > 128 {
		return false
	}
	if !f.Plain {
		sum := sha256.Sum256([]byte(verifier))
		verifier = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return subtle.ConstantTimeCompare([]byte(verifier), []byte(f.Challenge)) == 1
}

// flowCode is what a redirect's code is good for: what its mailed link is.
type flowCode struct {
	Flow    Flow   `json:"flow"`
	Purpose string `json:"purpose,omitempty"`
	Link    string `json:"link,omitempty"`
	User    string `json:"user,omitempty"` // whose link was used already, a change of address
	Epoch   int64  `json:"epoch,omitempty"`
}

// redirectCode makes the code with which a client that began the flow uses a
// mailed link: the link holds until then. link is its document's id: a link has
// one code, a new one ends the old.
func (s *Service) redirectCode(ctx context.Context, link string, f *flowCode) (code string, err error) {
	return s.issueOTP(ctx, forCode, link, codeTime, f)
}

// exchange answers grant_type=pkce for codes of mailed links; what is none is
// a provider's. flow_state_not_found, bad_code_verifier (which ends the code),
// user_banned, over_request_rate_limit.
func (s *Service) exchange(ctx context.Context, body []byte, c Client) (*Session, error) {
	f, err := readBody(body)
	if err != nil {
		return nil, err
	}
	code, err := f.needText("auth_code")
	if err != nil {
		return nil, err
	}
	verifier, err := f.needText("code_verifier")
	if err != nil {
		return nil, err
	}
	redirect, _, err := f.text("redirect_to")
	if err != nil {
		return nil, err
	}
	if err := s.countFlow(ctx, c, "oauth code", triesAnHour); err != nil {
		return nil, err
	}
	var out *Session
	// One loop: what loses reads the code again too, which another may have ended.
	err = rerun(ctx, func() error {
		d, err := s.openOTP(ctx, forCode, code)
		if err != nil {
			return err
		}
		var f flowCode
		if err = d.read(&f); err != nil {
			return err
		}
		if !f.Flow.proves(verifier) {
			if err = s.commit(ctx, s.o.Now(), d.spend()); err != nil {
				return err
			}
			return &hutch.Error{Code: hutch.BadCodeVerifier, Message: "the code belongs to another client"}
		}
		if f.User != "" {
			out, err = s.enterChanged(ctx, &f, c, d.spend())
			return err
		}
		link, err := s.openOTP(ctx, f.Purpose, f.Link)
		if err != nil {
			return err
		}
		out, err = s.effect(ctx, link, proof{verifier: verifier}, c, d.spend())
		return err
	})
	if hutch.CodeOf(err) == hutch.OTPExpired {
		return s.tradeCode(ctx, code, verifier, redirect, c)
	}
	return out, err
}

// mailEntry is how a session begins.
type mailEntry struct {
	method   string // of amr; "": password
	provider string // "": email
	recovery bool
	aal      string // "": aal1
	passkey  string // the id of one
}

func (m mailEntry) amr() string { return cmp.Or(m.method, "password") }

func (m mailEntry) way() string { return cmp.Or(m.provider, "email") }

// enterBy commits a session of u, as it was read and changed, with ws. The caller
// reruns when it is moved. user_banned.
func (s *Service) enterBy(ctx context.Context, u *userDoc, how mailEntry, c Client, ws ...data.Write) (*Session, error) {
	now := s.o.Now()
	if u.banned(now) {
		return nil, userBanned()
	}
	mark := s.networkMark(c)
	ws = append(ws, s.deviceNotice(ctx, u, mark, now)...)
	n := *u
	n.LastSignIn = now
	n.noteNetwork(mark, how.aal)
	d, refresh, err := s.newSession(ctx, &n, how, c, now)
	if err != nil {
		return nil, err
	}
	wu, err := s.saveUser(&n, now)
	if err != nil {
		return nil, err
	}
	wd, err := s.saveSession(d)
	if err != nil {
		return nil, err
	}
	if err := s.commit(ctx, now, append(ws, wu, wd)...); err != nil {
		return nil, err
	}
	s.cache.drop(u.ID)
	return s.answer(&n, d, refresh, now)
}

// deviceNotice tells of a sign-in from a network that was not seen before.
func (s *Service) deviceNotice(ctx context.Context, u *userDoc, mark string, now time.Time) []data.Write {
	if !s.o.Mail.NoticeMails || u.Confirmed.IsZero() || len(u.Networks) == 0 {
		return nil
	}
	if u.seenFrom(mark) {
		return nil
	}
	return s.notice(ctx, u, Mail{Kind: MailDevice, To: u.Email}, now)
}
