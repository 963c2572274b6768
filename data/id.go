package data

import (
	"crypto/rand"
	"io"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/oklog/ulid/v2"
	"golang.org/x/text/unicode/norm"
)

const maxID = 128

// ValidID reports whether s may be an _id: 1 to 128 bytes of NFC UTF-8 without
// control characters and / \ ? # %, not . or ..; invalid_argument otherwise.
func ValidID(s string) error {
	why := ""
	switch {
	case s == "" || len(s) > maxID:
		why = "an _id has 1 to 128 bytes"
	case s == "." || s == "..":
		why = "an _id is not . or .."
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		why = "an _id is UTF-8 without control characters"
	case strings.ContainsAny(s, `/\?#%`):
		why = `an _id holds none of / \ ? # %`
	case !norm.NFC.IsNormalString(s):
		why = "an _id is normalised (NFC)"
	default:
		return nil
	}
	return invalid(FieldID, "%s", why)
}

// IDs makes the _id of documents: ULIDs, each above the one before also when the
// clock stands still or goes back. It is safe for concurrent use.
type IDs struct {
	now     func() time.Time
	entropy io.Reader

	mu   sync.Mutex // guards last
	last ulid.ULID
}

// NewIDs makes ids by a clock and a source of randomness; nil: the real ones.
func NewIDs(now func() time.Time, entropy io.Reader) *IDs {
	if now == nil {
		now = time.Now
	}
	if entropy == nil {
		entropy = rand.Reader
	}
	return &IDs{now: now, entropy: entropy}
}

// Next is a new id; the error is the entropy's.
func (g *IDs) Next() (string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	ms := uint64(max(g.now().UnixMilli(), 0))
	if ms > g.last.Time() {
		var id ulid.ULID
		if err := id.SetTime(ms); err != nil {
			return "", err
		}
		if _, err := io.ReadFull(g.entropy, id[6:]); err != nil {
			return "", err
		}
		id[6] &= 0x7f // room to count up within the millisecond
		g.last = id
		return id.String(), nil
	}
	for i := len(g.last) - 1; i >= 0; i-- { // a carry into the time keeps the order
		g.last[i]++
		if g.last[i] != 0 {
			break
		}
	}
	return g.last.String(), nil
}
