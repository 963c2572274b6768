package functions

import (
	"bytes"
	"context"
	"encoding/json"
)

// Forget deletes the runs that a user was the caller of or is named in, with
// what they got and gave.
func (rs *Runs) Forget(ctx context.Context, uid string) error {
	named := func(body []byte) bool { return bytes.Contains(body, []byte(uid)) }
	gone, err := rs.o.Runs.Forget(ctx, []string{"user:" + uid}, named)
	if err != nil {
		return err
	}
	runs, marks := map[string]bool{}, []string{"user:" + uid}
	var id struct {
		ID string `json:"id"`
	}
	for _, body := range gone {
		if json.Unmarshal(body, &id) == nil {
			runs[id.ID] = true
			marks = append(marks, "run:"+id.ID)
		}
	}
	_, err = rs.o.Inputs.Forget(ctx, marks, func(body []byte) bool {
		return named(body) || json.Unmarshal(body, &id) == nil && runs[id.ID]
	})
	return err
}
