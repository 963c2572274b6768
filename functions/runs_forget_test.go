package functions_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/functions"
)

const (
	annID = "0199a3c8-5c1e-7b21-9d1c-0a4c1f2a7e11"
	bobID = "0199a3c8-5c1e-7b21-9d1c-0a4c1f2a7e12"
	catID = "0199a3c8-5c1e-7b21-9d1c-0a4c1f2a7e13"
)

// TestS61RunsOfTheErasedGo with what they got and gave; others' stay.
func TestS61RunsOfTheErasedGo(t *testing.T) {
	w := open(t, []functions.Function{callFn("fails")}, map[string]script{
		"fails": func(context.Context, map[string]any, functions.Host) (any, error) { return nil, errors.New("no") },
	}, keepRuns)
	for _, who := range []string{annID, bobID} {
		if _, err := w.call(user(who), "fails", `{"of":"`+who+`"}`, ""); err == nil {
			t.Fatal("no error")
		}
	}
	anns := list(t, w.runs, functions.RunQuery{User: annID})
	if len(anns) != 1 {
		t.Fatalf("%+v", anns)
	}
	if err := w.runs.Forget(t.Context(), []string{annID}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.runs.One(t.Context(), anns[0].ID, anns[0].At, true); hutch.CodeOf(err) != hutch.NotFound {
		t.Errorf("her run: %v", err)
	}
	left := list(t, w.runs, functions.RunQuery{})
	if len(left) != 1 || left[0].Caller.UID != bobID {
		t.Fatalf("%+v", left)
	}
	if one, err := w.runs.One(t.Context(), left[0].ID, left[0].At, true); err != nil || one.Payload == nil || string(one.Payload.Input) == "" {
		t.Errorf("his: %+v %v", one, err)
	}
}

// TestS61RunsOfOthersNameTheErasedNoMore: not by the documents that they wrote or
// asked for, in no line and no error; what they got and gave goes. Without a run of their own in the pack, and of many at once.
func TestS61RunsOfOthersNameTheErasedNoMore(t *testing.T) {
	w := open(t, []functions.Function{callFn("writes", admin), callFn("fails")}, map[string]script{
		"writes": func(ctx context.Context, _ map[string]any, h functions.Host) (any, error) {
			h.Log("info", "for "+annID)
			h.Log("info", "for all")
			for _, id := range []string{annID, "cart-" + bobID, "other"} {
				if _, err := h.DB(ctx, "admin.db.create", args(map[string]any{"in": "things", "id": id, "doc": map[string]any{"n": 1}})); err != nil {
					return nil, err
				}
			}
			return map[string]any{"ok": true}, nil
		},
		"fails": func(ctx context.Context, ev map[string]any, h functions.Host) (any, error) {
			of, _ := ev["data"].(map[string]any)
			for _, id := range []string{annID, "other"} {
				if _, err := h.DB(ctx, "db.get", args(map[string]any{"in": "things", "id": id})); err != nil {
					return nil, err
				}
			}
			return nil, &functions.Failure{Outcome: functions.OutcomeThrew, Text: fmt.Sprint("no for ", of["of"])}
		},
	}, keepRuns)
	if _, err := w.call(user(catID), "writes", `{}`, ""); err != nil {
		t.Fatal(err)
	}
	for _, of := range []string{annID, "ann@x.example"} { // her address stands in what it got alone
		if _, err := w.call(user(catID), "fails", `{"of":"`+of+`"}`, ""); err == nil {
			t.Fatal("no error")
		}
	}
	before := list(t, w.runs, functions.RunQuery{})
	if err := w.runs.Forget(t.Context(), []string{annID, bobID}); err != nil {
		t.Fatal(err)
	}
	after := list(t, w.runs, functions.RunQuery{})
	if len(after) != 3 {
		t.Fatalf("%d runs", len(after))
	}
	for i, r := range after {
		one, err := w.runs.One(t.Context(), r.ID, r.At, true)
		if err != nil {
			t.Fatal(err)
		}
		js, err := json.Marshal(one)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(js), annID) || strings.Contains(string(js), bobID) {
			t.Errorf("%s names the erased: %s", r.Function, js)
		}
		if r.ID != before[i].ID || r.Cursor() != before[i].Cursor() || !r.At.Equal(before[i].At) || r.Outcome != before[i].Outcome || r.Caller != before[i].Caller || r.Position != before[i].Position {
			t.Errorf("%+v was %+v", r, before[i])
		}
		if one.Payload != nil {
			t.Errorf("run %d: the payload %+v", i, one.Payload)
		}
	}
	address, fails, writes := after[0], after[1], after[2]
	if address.Error != "no for ann@x.example" || fails.Error != "[erased]" || fmt.Sprint(fails.Touched) != "[{things other false}]" {
		t.Errorf("%+v %+v", address, fails)
	}
	if fmt.Sprint(writes.Wrote) != "[{things other}]" || writes.WroteMore != 2 || writes.Console[0].Text != "[erased]" || writes.Console[1].Text != "for all" {
		t.Errorf("%+v", writes)
	}
}
