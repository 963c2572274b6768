package auth

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"
)

// A device mark is what a client keeps of an account that it signed in to and
// gives with its next password: v1.<base64url of when it was made, in seconds,
// 8 bytes big-endian>.<base64url of an HMAC, 16 bytes>. It opens nothing: guesses
// against the account from elsewhere do not keep out who has it.
const (
	deviceVersion = "v1"
	deviceLife    = 365 * 24 * time.Hour
	deviceMAC     = 16
)

// deviceMark is the mark of an account for who proved all its factors. What ends
// all sessions ends the marks.
func (s *Service) deviceMark(u *userDoc, now time.Time) string {
	var made [8]byte
	binary.BigEndian.PutUint64(made[:], uint64(now.Unix()))
	return strings.Join([]string{
		deviceVersion, base64.RawURLEncoding.EncodeToString(made[:]), base64.RawURLEncoding.EncodeToString(s.deviceProof(u, made[:])),
	}, ".")
}

func (s *Service) deviceProof(u *userDoc, made []byte) []byte {
	epoch := binary.BigEndian.AppendUint64(nil, uint64(u.Epoch))
	return mac(s.keys.Load().refresh, "device", []byte(u.ID), epoch, made)[:deviceMAC]
}

// seenOn reports whether a mark is one of this account, made within a year.
func (s *Service) seenOn(u *userDoc, mark string, now time.Time) bool {
	parts := strings.Split(mark, ".")
	if len(parts) != 3 || parts[0] != deviceVersion {
		return false
	}
	made, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || len(made) != 8 {
		return false
	}
	proof, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || subtle.ConstantTimeCompare(proof, s.deviceProof(u, made)) != 1 {
		return false
	}
	return now.Sub(time.Unix(int64(binary.BigEndian.Uint64(made)), 0)) < deviceLife
}
