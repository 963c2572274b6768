package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

var sizeUnits = []struct {
	name  string
	bytes int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"B", 1}}

// ParseSize reads 512B, 64KiB, 1MiB or 2GiB.
func ParseSize(s string) (int64, bool) {
	for _, u := range sizeUnits {
		num, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		n, ok := digits(num)
		if !ok || n > math.MaxInt64/u.bytes {
			return 0, false
		}
		return n * u.bytes, true
	}
	return 0, false
}

// formatSize writes n in the largest unit that divides it.
func formatSize(n int64) string {
	for _, u := range []int{2, 1, 0} {
		if b := sizeUnits[u].bytes; n >= b && n%b == 0 {
			return fmt.Sprint(n/b) + sizeUnits[u].name
		}
	}
	return fmt.Sprint(n) + "B"
}

var timeUnits = []struct {
	name string
	d    time.Duration
}{{"ms", time.Millisecond}, {"s", time.Second}, {"m", time.Minute}, {"h", time.Hour}, {"d", 24 * time.Hour}}

// ParseDuration reads 500ms, 10s, 15m, 12h or 30d: one whole number, one unit.
func ParseDuration(s string) (time.Duration, bool) {
	for _, u := range timeUnits {
		num, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		n, ok := digits(num)
		if !ok {
			continue // "5ms" ends in s, too
		}
		if n > math.MaxInt64/int64(u.d) {
			return 0, false
		}
		return time.Duration(n) * u.d, true
	}
	return 0, false
}

// formatDuration writes d in the largest unit that divides it.
func formatDuration(d time.Duration) string {
	for _, timeUnit := range slices.Backward(timeUnits) {
		if u := timeUnit; d >= u.d && d%u.d == 0 {
			return fmt.Sprint(int64(d/u.d)) + u.name
		}
	}
	return d.String()
}

// digits reads an unsigned decimal number without sign, space or leading zero.
func digits(s string) (int64, bool) {
	if s == "" || len(s) > 1 && s[0] == '0' {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}
