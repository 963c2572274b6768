package quickjs

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strconv"
	"strings"
	_ "time/tzdata" // the sandbox has no files
	"unicode/utf8"

	"github.com/google/uuid"
	"modernc.org/quickjs/intl"
)

var errMalformed = errors.New("malformed request")

// native does what the prelude leaves to Go: a name, then strings.
func (v *vm) native(args []any) (any, error) {
	if len(args) == 0 {
		return nil, errMalformed
	}
	in := make([]string, len(args))
	for i, a := range args {
		s, ok := a.(string)
		if !ok {
			return nil, errMalformed
		}
		in[i] = s
	}
	name, in := in[0], in[1:]
	if name == "log" && len(in) == 2 {
		if v.run != nil {
			v.run.log(in[0], in[1])
		}
		return nil, nil
	}
	if name == "intl" && len(in) == 0 {
		return nil, intl.Register(v.q, intl.TimeZone("UTC"))
	}
	f, ok := natives[name]
	if !ok || len(in) != f.args {
		return nil, errMalformed
	}
	return f.do(in)
}

// natives are functions of strings; bytes travel as base64.
var natives = map[string]struct {
	args int
	do   func(in []string) (string, error)
}{
	"encode": {1, func(in []string) (string, error) { return base64.StdEncoding.EncodeToString([]byte(in[0])), nil }},
	"decode": {1, func(in []string) (string, error) {
		b, err := base64.StdEncoding.DecodeString(in[0])
		return decodeUTF8(b), err
	}},
	"valid": {1, func(in []string) (string, error) {
		b, err := base64.StdEncoding.DecodeString(in[0])
		return strconv.FormatBool(utf8.Valid(b)), err
	}},
	"percent": {1, func(in []string) (string, error) { return decodeUTF8(percentDecode(in[0])), nil }},
	"url":     {2, func(in []string) (string, error) { return parseURL(in[0], in[1]) }},
	"seturl":  {3, func(in []string) (string, error) { return setURL(in[0], in[1], in[2]) }},
	"multipart": {2, func(in []string) (string, error) {
		b, err := base64.StdEncoding.DecodeString(in[1])
		if err != nil {
			return "", err
		}
		return readMultipart(in[0], b), nil
	}},
	"uuid": {0, func([]string) (string, error) { return uuid.NewString(), nil }},
	"random": {1, func(in []string) (string, error) {
		n, err := strconv.ParseUint(in[0], 10, 17)
		if err != nil {
			return "", errMalformed
		}
		b := make([]byte, n)
		rand.Read(b)
		return base64.StdEncoding.EncodeToString(b), nil
	}},
	"digest": {2, func(in []string) (string, error) {
		h, err := newHash(in[0])
		if err != nil {
			return "", err
		}
		return sum(h(), in[1])
	}},
	"hmac": {3, func(in []string) (string, error) {
		h, err := newHash(in[0])
		if err != nil {
			return "", err
		}
		key, err := base64.StdEncoding.DecodeString(in[1])
		if err != nil {
			return "", err
		}
		return sum(hmac.New(h, key), in[2])
	}},
	"equal": {2, func(in []string) (string, error) {
		return strconv.FormatBool(hmac.Equal([]byte(in[0]), []byte(in[1]))), nil
	}},
}

func newHash(name string) (func() hash.Hash, error) {
	switch name {
	case "SHA-1":
		return sha1.New, nil
	case "SHA-256":
		return sha256.New, nil
	case "SHA-384":
		return sha512.New384, nil
	case "SHA-512":
		return sha512.New, nil
	}
	return nil, fmt.Errorf("no hash %q", name)
}

func sum(h hash.Hash, b64 string) (string, error) {
	b, err := base64.StdEncoding.DecodeString(b64)
	if err != nil {
		return "", err
	}
	h.Write(b)
	return base64.StdEncoding.EncodeToString(h.Sum(nil)), nil
}

// decodeUTF8 replaces what is no UTF-8 as the Encoding Standard does: one
// U+FFFD for each longest start of a character.
func decodeUTF8(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var out strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			n = badPrefix(b)
		}
		out.WriteRune(r)
		b = b[n:]
	}
	return out.String()
}

// badPrefix is the length of the longest start of b that begins a character.
func badPrefix(b []byte) int {
	low, high, need := byte(0x80), byte(0xbf), 0
	switch c := b[0]; {
	case c >= 0xc2 && c <= 0xdf:
		need = 1
	case c >= 0xe0 && c <= 0xef:
		need = 2
		if c == 0xe0 {
			low = 0xa0
		} else if c == 0xed {
			high = 0x9f
		}
	case c >= 0xf0 && c <= 0xf4:
		need = 3
		if c == 0xf0 {
			low = 0x90
		} else if c == 0xf4 {
			high = 0x8f
		}
	}
	n := 1
	for ; n <= need && n < len(b) && b[n] >= low && b[n] <= high; n++ {
		low, high = 0x80, 0xbf
	}
	return n
}

// percentDecode keeps what is no escape.
func percentDecode(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := url.PathUnescape(s[i : i+3]); err == nil {
				out = append(out, c...)
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return out
}

type formPart struct {
	Name string `json:"name"`
	File string `json:"file"`
	Type string `json:"type"`
	Data []byte `json:"data"`
}

// readMultipart gives the parts as JSON, "" for what is no form.
func readMultipart(contentType string, body []byte) string {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || media != "multipart/form-data" {
		return ""
	}
	r := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	parts := []formPart{}
	for {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return ""
		}
		b, err := io.ReadAll(p)
		if err != nil {
			return ""
		}
		parts = append(parts, formPart{p.FormName(), p.FileName(), p.Header.Get("Content-Type"), b})
	}
	out, err := json.Marshal(parts)
	if err != nil {
		return ""
	}
	return string(out)
}
