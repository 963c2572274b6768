package auth

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

const maxMetadata = 4 << 10 // bytes; tokens carry both

func orEmpty(js string) string {
	if js == "" {
		return "{}"
	}
	return js
}

// appMetadata is a user's app_metadata as clients see it: what is set, with
// provider, providers and roles.
func appMetadata(u *userDoc) json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal([]byte(orEmpty(u.App)), &m) != nil || m == nil {
		m = map[string]json.RawMessage{}
	}
	roles := u.Roles
	if roles == nil {
		roles = []string{}
	}
	delete(m, "provider")
	delete(m, "providers")
	if !u.Anonymous {
		providers := providersOf(u)
		m["provider"], _ = json.Marshal(providers[0])
		m["providers"], _ = json.Marshal(providers)
	}
	m["roles"], _ = json.Marshal(roles)
	out, err := json.Marshal(m)
	if err != nil {
		return json.RawMessage(`{}`)
	}
	return out
}

// claimsOf gives app_metadata as rules see it: without nulls and without
// numbers that are neither an int64 nor a decimal128 exactly; dropped names
// the latter.
func claimsOf(app json.RawMessage) (claims json.RawMessage, dropped []string) {
	dec := json.NewDecoder(bytes.NewReader(app))
	dec.UseNumber()
	var v map[string]any
	if dec.Decode(&v) != nil {
		return json.RawMessage(`{}`), []string{"app_metadata"}
	}
	clean(v, "app_metadata", &dropped)
	out, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage(`{}`), []string{"app_metadata"}
	}
	return out, dropped
}

// clean drops what rules may not see; it gives nil for a value to be dropped.
func clean(v any, path string, dropped *[]string) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if c := clean(e, path+"."+k, dropped); c != nil {
				v[k] = c
			} else {
				delete(v, k)
			}
		}
	case []any:
		kept := v[:0]
		for i, e := range v {
			if c := clean(e, path+"["+strconv.Itoa(i)+"]", dropped); c != nil {
				kept = append(kept, c)
			}
		}
		return kept
	case json.Number:
		if !exactNumber(string(v)) {
			*dropped = append(*dropped, path)
			return nil
		}
	}
	return v
}

// exactNumber reports whether a JSON number is an int64 or, to the last digit,
// a decimal128 (34 digits, exponent -6176 to 6111).
func exactNumber(s string) bool {
	if _, err := strconv.ParseInt(s, 10, 64); err == nil {
		return true
	}
	mantissa, exponent, _ := strings.Cut(strings.ToLower(strings.TrimPrefix(s, "-")), "e")
	exp := 0
	if exponent != "" {
		var err error
		if exp, err = strconv.Atoi(exponent); err != nil || exp > math.MaxInt32 || exp < math.MinInt32 {
			return false
		}
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	exp -= len(fraction)
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return exp >= -6176 && exp <= 6111
	}
	short := strings.TrimRight(digits, "0")
	exp += len(digits) - len(short)
	// Trailing zeros may fill the digits up where the exponent is too large.
	return len(short) <= 34 && exp >= -6176 && exp-(34-len(short)) <= 6111
}

// mergeMetadata lays patch over base: a shallow merge in which null removes.
func mergeMetadata(base string, patch map[string]json.RawMessage) (string, error) {
	m := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(orEmpty(base)), &m); err != nil {
		return "", err
	}
	for k, v := range patch {
		if string(v) == "null" {
			delete(m, k)
		} else {
			m[k] = v
		}
	}
	out, err := json.Marshal(m)
	return string(out), err
}
