package mongo

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// manyEach is how often a node asks which indexes hold arrays: another may have
// written the first. Until then a sort by such an index is the server's work.
const manyEach = time.Minute

// learnMany notes at which fields the collection's indexes hold several values
// of a document.
func (s *Store) learnMany(ctx context.Context, c *collection) error {
	for _, ix := range c.indexes {
		bits, err := s.manyOf(ctx, c.stored, ix)
		if err != nil && !isNoIndex(err) {
			return failedRead(ctx, err)
		}
		ix.many.Or(bits)
	}
	return nil
}

// manyOf asks how the server would walk an index.
func (s *Store) manyOf(ctx context.Context, coll string, ix *index) (bits uint32, err error) {
	var plan struct {
		Query struct {
			Winning bson.Raw `bson:"winningPlan"`
		} `bson:"queryPlanner"`
	}
	err = s.db.RunCommand(ctx, bson.D{
		{Key: "explain", Value: bson.D{{Key: "find", Value: coll}, {Key: "hint", Value: ix.query}}},
		{Key: "verbosity", Value: "queryPlanner"},
	}).Decode(&plan)
	if err != nil {
		return 0, err
	}
	scan := stage(plan.Query.Winning, "IXSCAN")
	if many, _ := scan.Lookup("isMultiKey").BooleanOK(); !many {
		return 0, nil
	}
	for i, f := range ix.def.Fields {
		paths, known := scan.Lookup("multiKeyPaths", f.Path).ArrayOK()
		if vs, _ := paths.Values(); !known || len(vs) > 0 {
			bits |= 1 << i
		}
	}
	return bits, nil
}

// stage finds a stage of a plan or of what it stands on.
func stage(plan bson.Raw, name string) bson.Raw {
	for plan != nil {
		if got, _ := plan.Lookup("stage").StringValueOK(); got == name {
			return plan
		}
		next, ok := plan.Lookup("inputStage").DocumentOK()
		if !ok {
			next, _ = plan.Lookup("queryPlan").DocumentOK() // of 7.0 on, at the top
		}
		plan = next
	}
	return nil
}

// refreshMany learns again each minute until the store ends.
func (s *Store) refreshMany() {
	defer s.uses.Done()
	tick := time.NewTicker(manyEach)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		for _, c := range s.cat.Load().colls {
			ctx, cancel := context.WithTimeout(s.ctx, manyEach)
			err := s.learnMany(ctx, c)
			cancel()
			if err != nil && s.ctx.Err() == nil {
				s.o.Log.WarnContext(s.ctx, "asking which indexes hold arrays", "collection", c.name, "error", err)
			}
		}
	}
}
