package boot

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/hutch-dev/hutch/server"
)

// licencesJSON is written by go generate from what the binary and the dashboard
// are made of.
//
//go:embed licences.json
var licencesJSON []byte

// licenceList is that file: libraries, and texts that several may share.
type licenceList struct {
	Libraries []server.Licence  `json:"libraries"`
	Texts     map[string]string `json:"texts"`
}

var licences = sync.OnceValues(func() (*licenceList, error) {
	var l licenceList
	if err := json.Unmarshal(licencesJSON, &l); err != nil {
		return nil, fmt.Errorf("reading the licences: %w", err)
	}
	return &l, nil
})
