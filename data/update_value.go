package data

import (
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

// operand checks and prepares what stands behind an operator's path.
func (c *change) operand() *hutch.Error {
	c.makes = c.op != UpUnset && c.op != UpPull
	switch c.op {
	case UpInc:
		if !isNumber(c.val) {
			return hutch.Errorf(hutch.InvalidArgument, "expected a number")
		}
		return nil
	case UpPush, UpAddToSet:
		return c.eachOperand()
	case UpPull:
		p, err := newPull(c.val)
		c.pull = p
		return err
	case UpCurrentDate:
		if c.val.Type == bson.TypeBoolean && c.val.Value[0] == 1 {
			return nil
		}
		if c.val.Type == bson.TypeEmbeddedDocument {
			if e := walk(c.val.Value); e.next() && string(e.key) == "$type" && Text(e.v) == "date" && !e.next() {
				return nil
			}
		}
		return hutch.Errorf(hutch.InvalidArgument, `expected true or {"$type": "date"}`)
	case UpUnset:
		return nil // MongoDB takes anything here
	}
	return checkInside(c.val)
}

// eachOperand reads a value, or {"$each": [..]}.
func (c *change) eachOperand() *hutch.Error {
	isOps, err := operatorObject(c.val)
	switch {
	case err != nil:
		return err
	case !isOps:
		c.each = []Value{c.val}
		return checkInside(c.val)
	}
	for e := walk(c.val.Value); e.next(); {
		if string(e.key) != "$each" {
			return invalid(string(e.key), "unknown modifier")
		}
		if e.v.Type != bson.TypeArray {
			return invalid("$each", "expected an array")
		}
		if err := checkInside(e.v); err != nil {
			return err.At("$each")
		}
		for v := range Elements(e.v) {
			c.each = append(c.each, v)
		}
	}
	return nil
}

// value is what the operator makes of old, the zero Value for nothing. Errors say
// no more of old than that it does not fit.
func (c *change) value(old Value, now int64) (Value, *hutch.Error) {
	switch c.op {
	case UpSet:
		return c.val, nil
	case UpUnset:
		return none, nil
	case UpInc:
		if old.Type == 0 {
			return c.val, nil
		}
		if !isNumber(old) {
			return none, invalid(c.path, "what is stored here is not a number")
		}
		v, ok := addNumbers(old, c.val)
		if !ok {
			return none, invalid(c.path, "the result is out of range")
		}
		return v, nil
	case UpCurrentDate:
		return dateMs(now), nil
	case UpPull:
		if old.Type == 0 {
			return none, nil
		}
	}
	arr := []byte(nil)
	if old.Type != 0 {
		if old.Type != bson.TypeArray {
			return none, invalid(c.path, "what is stored here is not an array")
		}
		arr = old.Value
	}
	var out []byte
	switch c.op {
	case UpPush:
		out = pushed(arr, c.each)
	case UpAddToSet:
		out = united(arr, c.each)
	case UpPull:
		out = c.pull.remains(arr)
	}
	return Value{Type: bson.TypeArray, Value: out}, nil
}
