package auth

import (
	"context"
	"time"
)

func (s *Service) IssueOTP(ctx context.Context, purpose, subject string, ttl time.Duration, into any) (string, error) {
	return s.issueOTP(ctx, purpose, subject, ttl, into)
}

func (s *Service) ConsumeOTP(ctx context.Context, purpose, secret string) (text string, err error) {
	d, err := s.consumeOTP(ctx, purpose, secret, nil)
	if err != nil {
		return "", err
	}
	if len(d.plain) > 0 {
		err = d.read(&text)
	}
	return text, err
}

func (s *Service) SweepWaiting(ctx context.Context) error { return s.sweepWaiting(ctx) }

// ReadKey parses what an authenticator says and verifies it against a challenge
// of zeros: the key of a registration, nil for what is none.
func ReadKey(credential []byte) []byte {
	rp := &relyingParty{id: "shop.example", origins: []string{"https://shop.example"}}
	p, err := parseNew(credential)
	if err != nil {
		return nil
	}
	k, err := rp.registered(p, []byte("handle"), make([]byte, challengeSize), true)
	if err != nil {
		return nil
	}
	return k.Key
}
