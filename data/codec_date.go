package data

import (
	"encoding/binary"
	"time"

	"github.com/hutch-dev/hutch"
)

// date reads "2026-01-02T03:04:05.678Z" or {"$numberLong":".."}.
func (d *decoder) date(dst []byte) ([]byte, *hutch.Error) {
	if d.space(); d.peek() == '{' {
		d.p++
		var buf [16]byte
		name, err := d.text(buf[:])
		if err == nil && string(name) != "$numberLong" {
			err = d.fail("expected $numberLong")
		}
		if err == nil {
			err = d.expect(':')
		}
		if err == nil {
			dst, err = d.int64(dst)
		}
		if err == nil {
			err = d.expect('}')
		}
		return dst, err
	}
	var buf [40]byte
	s, err := d.text(buf[:])
	if err != nil {
		return dst, err
	}
	ms, ok := parseDate(s)
	if !ok {
		return dst, d.fail("expected a date like 2026-01-02T03:04:05.678Z")
	}
	return binary.LittleEndian.AppendUint64(dst, uint64(ms)), nil
}

// parseDate reads RFC 3339 with upper-case T and Z, of the years 0 to 9999; what
// is finer than a millisecond is cut off.
func parseDate(s []byte) (int64, bool) {
	num := func(from, to int) int {
		n := 0
		for _, c := range s[from:to] {
			if c < '0' || c > '9' {
				return -1
			}
			n = n*10 + int(c-'0')
		}
		return n
	}
	if len(s) < 20 || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' {
		return 0, false
	}
	year, month, day := num(0, 4), num(5, 7), num(8, 10)
	hour, minute, sec := num(11, 13), num(14, 16), num(17, 19)
	if year < 0 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || sec < 0 || sec > 59 {
		return 0, false
	}
	i, ms := 19, 0
	if s[i] == '.' {
		from := i + 1
		for i = from; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		}
		if i == from || i-from > 9 || i == len(s) {
			return 0, false
		}
		for k, unit := from, 100; k < min(i, from+3); k, unit = k+1, unit/10 {
			ms += int(s[k]-'0') * unit
		}
	}
	offset := 0
	switch zone := s[i:]; {
	case len(zone) == 1 && zone[0] == 'Z':
	case len(zone) == 6 && (zone[0] == '+' || zone[0] == '-') && zone[3] == ':':
		h, m := num(i+1, i+3), num(i+4, i+6)
		if h < 0 || h > 23 || m < 0 || m > 59 {
			return 0, false
		}
		offset = h*60 + m
		if zone[0] == '-' {
			offset = -offset
		}
	default:
		return 0, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, sec, 0, time.UTC)
	if t.Day() != day { // e.g. February 30
		return 0, false
	}
	return t.UnixMilli() + int64(ms) - int64(offset)*60_000, true
}
