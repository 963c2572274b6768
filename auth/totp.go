package auth

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/boombuler/barcode/qr"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"github.com/hutch-dev/hutch"
)

const (
	totpPeriod = 30 // seconds
	totpSecret = 20 // bytes
	totpSkew   = 1  // periods that a clock may be off
)

// totpType is the codes of authenticator apps (RFC 6238): SHA-1, 6 digits, 30 s.
type totpType struct{}

// TOTPShow is what an authenticator app takes.
type TOTPShow struct {
	QRCode string `json:"qr_code"` // SVG
	Secret string `json:"secret"`
	URI    string `json:"uri"`
}

func (totpType) method() string { return "totp" }

func (totpType) enroll(s *Service, u *userDoc, f *factorDoc, r *enrolling, out *Enrolled) error {
	issuer := r.Issuer
	if issuer == "" {
		issuer = s.host()
	}
	account := u.Email
	if account == "" {
		account = u.ID
	}
	key, err := totp.Generate(totp.GenerateOpts{
		Issuer: strings.ReplaceAll(issuer, ":", " "), AccountName: account, // a colon would end the label
		SecretSize: totpSecret, Rand: s.o.Entropy,
	})
	if err != nil {
		return hutch.Errorf(hutch.Internal, "making a TOTP secret: %w", err)
	}
	if f.Secret, err = s.seal.seal(colFactors+"/"+f.ID, []byte(key.Secret())); err != nil {
		return hutch.Errorf(hutch.Internal, "sealing a TOTP secret: %w", err)
	}
	out.TOTP = &TOTPShow{Secret: key.Secret(), URI: key.URL()}
	out.TOTP.QRCode, err = qrSVG(key.URL())
	return err
}

// host is the name of this server.
func (s *Service) host() string {
	if u, err := url.Parse(s.issuer()); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	return "Hutch"
}

func (totpType) challenge(context.Context, *Service, *userDoc, *factorDoc, fields, *FactorChallenge) (any, error) {
	return nil, nil
}

// verify takes the code of a period only after all whose codes were taken.
func (totpType) verify(_ context.Context, s *Service, _ *userDoc, f *factorDoc, _ json.RawMessage, body fields) error {
	code, err := body.needText("code")
	if err != nil {
		return err
	}
	secret, err := s.seal.open(colFactors+"/"+f.ID, f.Secret)
	if err != nil {
		return hutch.Errorf(hutch.Internal, "opening a TOTP secret: %w", err)
	}
	now, found := s.o.Now().Unix()/totpPeriod, int64(0)
	for step := now - totpSkew; step <= now+totpSkew; step++ {
		want, err := hotp.GenerateCode(string(secret), uint64(step))
		if err != nil {
			return hutch.Errorf(hutch.Internal, "making a TOTP code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && step > f.Step {
			found = step
			break
		}
	}
	if found == 0 {
		return wrongFactor()
	}
	f.Step = found
	return nil
}

// qrSVG draws a QR code as one path. It holds no character that a data URL would
// have to escape.
func qrSVG(text string) (string, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", hutch.Errorf(hutch.Internal, "drawing a QR code: %w", err)
	}
	const quiet = 4
	n := code.Bounds().Dx()
	var path strings.Builder
	dark := func(x, y int) bool { r, _, _, _ := code.At(x, y).RGBA(); return r == 0 }
	for y := range n {
		for x := 0; x < n; x++ {
			from := x
			for x < n && dark(x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(&path, "M%d %dh%dv1H%dz", from+quiet, y+quiet, x-from, from+quiet)
			}
		}
	}
	side := n + 2*quiet
	return fmt.Sprintf("<svg xmlns='http://www.w3.org/2000/svg' width='256' height='256' viewBox='0 0 %d %d' shape-rendering='crispEdges'>"+
		"<path fill='white' d='M0 0h%dv%dH0z'/><path d='%s'/></svg>", side, side, side, side, path.String()), nil
}
