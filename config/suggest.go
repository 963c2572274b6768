package config

import (
	"fmt"
	"strings"

	"github.com/hutch-dev/hutch"
)

// didYouMean is a hint naming the candidate nearest to name, or all of few.
func didYouMean(name string, candidates []string) string {
	best := hutch.Nearest(name, candidates)
	switch {
	case best != "":
		return fmt.Sprintf("did you mean %q?", best)
	case len(candidates) > 0 && len(candidates) <= 12:
		return "known here: " + strings.Join(candidates, ", ")
	}
	return ""
}
